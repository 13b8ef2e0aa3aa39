"""Cells of any type, as the texts that a file of text would hold."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mtljax._shown import shown


def cells_of(name: str, cells: Sequence[Any]) -> list[str]:
    """Return the cells of a column as texts; ``''`` stands for None and NaN.

    Args:
      name: The name of the column, for errors.
      cells: Texts, numbers, booleans or None.

    Raises:
      ValueError: The cells are no sequence, or a cell has another type.

    >>> cells_of('a', [' x', 3, 2.5, 4.0, True, None, math.nan])
    ['x', '3', '2.5', '4', 'True', '', '']
    """
    if isinstance(cells, str | bytes) or np.ndim(cells) != 1:
        raise ValueError(
            f'Column {shown(name)} should hold a sequence of cells. Found {shown(cells)}.'
        )
    return [_text(name, row, cell) for row, cell in enumerate(cells)]


def _text(name: str, row: int, cell: Any) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if cell is None:
        return ''
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, float):
        if math.isnan(cell):
            return ''
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, int):  # also a boolean
        return str(cell)
    raise ValueError(
        f'Column {shown(name)}, row {row + 1}: the cell should be a text, a number, a boolean or '
        f'None. Found {shown(cell)}.'
    )
