"""Errors that the user can correct, as one line."""

import sys
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
    line = lines[-1] if 'Traceback' in message else ' '.join(lines)
    print(f'Error: {line}', file=sys.stderr)
    sys.exit(2)
