"""From the cells of a column to numbers: parsing numbers and coding categories."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def categories(cells: Iterable[Any]) -> dict[Any, int]:
    """Give each distinct value of a column a code; codes follow the sorted order.

    >>> categories(['b', 'a', 'b'])
    {'a': 0, 'b': 1}
    """
    return {value: code for code, value in enumerate(sorted(set(cells)))}


def encode(cells: Iterable[Any], codes: Mapping[Any, int]) -> np.ndarray:
    """Replace each value by its code, ``[N]``, int32; a value without a code becomes -1.

    >>> encode(['a', 'c', 'b'], {'a': 0, 'b': 1}).tolist()
    [0, -1, 1]
    """
    return np.fromiter((codes.get(cell, -1) for cell in cells), np.int32)


def parse(cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Read cells as finite numbers.

    Args:
      cells: The texts of N cells; ``''`` is an empty cell.

    Returns:
      The numbers, ``[N]``, float64, NaN where a cell holds no finite number; and booleans ``[N]``,
      true where a cell holds something other than a finite number.

    >>> [part.tolist() for part in parse(['1', '', '2.5', 'NA', 'inf', '1_000'])]
    [[1.0, nan, 2.5, nan, nan, nan], [False, False, False, True, True, True]]
    """
    numbers = {cell: _number(cell) for cell in set(cells)}
    values = np.fromiter((numbers[cell] for cell in cells), np.float64, len(cells))
    return values, np.isnan(values) & np.fromiter(map(bool, cells), bool, len(cells))


def _number(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        return np.nan
    return number if np.isfinite(number) and '_' not in cell else np.nan  # 1_000 is Python's
