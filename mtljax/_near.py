"""Names that were probably meant."""

import difflib
from collections.abc import Iterable
from typing import Any

_NEAR, _MOST = 0.6, 3  # how similar a name is, from 0 to 1, and how many are named
_LONGEST = 80


def near_names(name: Any, known: Iterable[Any], near: float = _NEAR) -> list[str]:
    """Return the known names that are similar to a name, the most similar one first.

    Upper and lower case count as the same letter.

    >>> near_names('PCGard', ['sum', 'pcgrad', 'gradvac'])
    ['pcgrad']
    """
    if not isinstance(name, str) or len(name) > _LONGEST:  # long texts are slow to compare
        return []
    lower = {str(each).lower(): str(each) for each in known}
    return [lower[each] for each in difflib.get_close_matches(name.lower(), lower, _MOST, near)]


def did_you_mean(found: Any, known: Iterable[Any]) -> str:
    """Return the end of an error message: a question with the nearest known name, or nothing.

    Args:
      found: A name that is unknown, or several. The first one that has a near name counts.
      known: The names that are known.

    >>> did_you_mean('pirce', ['price', 'sold'])
    " Did you mean 'price'?"
    >>> did_you_mean(['rooms', 'pirce'], ['price', 'sold']), did_you_mean('rooms', ['price'])
    (" Did you mean 'price'?", '')
    """
    known = list(known)
    for name in [found] if isinstance(found, str) else found:
        near = near_names(name, known)
        if near:
            return f' Did you mean {near[0]!r}?'
    return ''
