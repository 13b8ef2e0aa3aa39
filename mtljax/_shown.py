"""Content of files in error messages, cut to a short text."""

import reprlib
from typing import Any

_MOST_ITEMS, _MOST_OF_ONE, _MOST_CHARACTERS = 20, 80, 400


def shown(value: Any) -> str:
    """Return ``repr(value)``, with long texts and lists cut at the source.

    A list in a file may be so long that its whole text would fill the memory.

    >>> shown(['a', 'b']), len(shown(['x' * 1000] * 1000)) < 410
    ("['a', 'b']", True)
    """
    cut = reprlib.Repr()
    cut.maxlist = cut.maxtuple = cut.maxset = cut.maxdict = _MOST_ITEMS
    cut.maxstring = cut.maxother = cut.maxlong = _MOST_OF_ONE
    text = cut.repr(value)
    return text if len(text) <= _MOST_CHARACTERS else f'{text[:_MOST_CHARACTERS]} ...'
