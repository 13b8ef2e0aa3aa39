"""Names of classes and of the entries of an axis."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def check_names(option: str, names: Any, least: int = 1) -> list[Any]:
    """Return names as a list of JSON types.

    Raises:
      ValueError: The names are not different texts or numbers, or there are too few.

    >>> check_names('names', ('a', 'a'))
    Traceback (most recent call last):
    ValueError: names should be 1 or more different texts or numbers. Found names = ('a', 'a').
    """
    known = isinstance(names, Sequence | np.ndarray) and not isinstance(names, str)
    listed = [_plain(name) for name in names] if known else []
    unlike = len(set(map(str, listed))) == len(listed) and None not in listed
    if not known or len(listed) < least or not unlike:
        raise ValueError(
            f'{option} should be {least} or more different texts or numbers. '
            f'Found {option} = {names!r:.200}.'
        )
    return listed


def _plain(name: Any) -> str | float | int | bool | None:
    if isinstance(name, np.generic):
        name = name.item()
    if isinstance(name, float) and name.is_integer():
        return int(name)
    return name if isinstance(name, str | int | float) else None
