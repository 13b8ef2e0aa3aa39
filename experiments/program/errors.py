"""Errors that the user can correct, as one line."""

import itertools
import sys
from collections.abc import Sequence
from typing import NoReturn

from mtljax.files import WriteError


class UsageError(Exception):
    """An error that the user can correct. The program prints one line and exits with code 2."""


def said_by(error: Exception) -> str:
    """Return the message of an error. An error of the operating system also says what to do."""
    if not isinstance(error, OSError) or isinstance(error, WriteError):
        return str(error)
    path = error.filename or 'A file'
    return (
        f'{path} cannot be used. Found an error: {error.strerror or error}. Move it away, change '
        'its permissions or choose another folder, and start again.'
    )


def fail(message: str) -> NoReturn:
    """Print the message as one line (the last line of a traceback), and exit with code 2."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    line = lines[-1] if 'Traceback' in message else joined(lines)
    print(f'Error: {line}', file=sys.stderr)
    sys.exit(2)


def joined(lines: Sequence[str]) -> str:
    """Return lines as one; what stands before a new sentence gets a full stop.

    >>> joined(['a.csv is missing. Expected:', 'a table', 'Check the path.'])
    'a.csv is missing. Expected: a table. Check the path.'
    """
    ended = [
        f'{line}.' if line[-1].isalnum() and after[0].isupper() else line
        for line, after in itertools.pairwise(lines)
    ]
    return ' '.join([*ended, *lines[-1:]])
