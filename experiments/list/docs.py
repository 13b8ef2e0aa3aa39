"""What docstrings say."""

import inspect
import re
import textwrap
from typing import Any

_ENTRY = re.compile(r'(\*{0,2}\w+)(?: \([^)]*\))?: ?(.*)')


def first_line(thing: Any) -> str:
    """Return the first line of a docstring, without quotes of code.

    >>> first_line(first_line)
    'Return the first line of a docstring, without quotes of code.'
    """
    return _plain((inspect.getdoc(thing) or '').partition('\n')[0])


def arguments_of(thing: Any) -> dict[str, str]:
    """Return what the section ``Args`` of a docstring says about each argument.

    Args:
      thing: A function or a class.

    >>> arguments_of(arguments_of)
    {'thing': 'A function or a class.'}
    """
    _, found, after = (inspect.getdoc(thing) or '').partition('\nArgs:\n')
    lines = after.splitlines() if found else []
    end = next((i for i, line in enumerate(lines) if line and line[0] != ' '), len(lines))
    entries: dict[str, list[str]] = {}
    name = None
    for line in textwrap.dedent('\n'.join(lines[:end])).splitlines():
        match = _ENTRY.fullmatch(line)
        if match:
            name = match[1].lstrip('*')
            entries[name] = [match[2]]
        elif name is not None and line.startswith(' '):
            entries[name].append(line.strip())
        else:
            name = None
    return {name: _plain(' '.join(parts).strip()) for name, parts in entries.items()}


def _plain(text: str) -> str:
    return re.sub(r'`+', '', text)
