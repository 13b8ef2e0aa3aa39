"""From arrays to JSON types."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def codes(names: Sequence[Any], array: np.ndarray) -> np.ndarray:
    """Replace each code by its name.

    >>> codes(['no', 2], np.array([1, 0])).tolist()
    [2, 'no']
    """
    table = np.empty(len(names), object)
    table[:] = names
    return table[array]


def plain(array: np.ndarray) -> list[Any]:
    """Return nested lists of numbers, with the fewest digits that give the same float32 again.

    NaN and infinite numbers become None.

    >>> plain(np.float32([0.1, np.nan]))
    [0.1, None]
    """
    if not np.issubdtype(array.dtype, np.floating):
        return array.tolist()
    if array.dtype != np.float64:
        array = array.astype(np.float32).astype(str).astype(np.float64)
    finite = np.isfinite(array)
    if finite.all():
        return array.tolist()
    values = array.astype(object)
    values[~finite] = None
    return values.tolist()
