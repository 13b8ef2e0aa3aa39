"""Cells of any type, as the texts that a file of text would hold."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mtljax._shown import shown
from mtljax.data._csv.cell_error import CellError


def cells_of(name: str, cells: Sequence[Any], first: int = 1) -> list[str]:
    """Return the cells of a column as texts; ``''`` stands for None and NaN.

    Args:
      name: The name of the column, for errors.
      cells: Texts, numbers, booleans or None.
      first: The number of the first row, for errors.

    Raises:
      ValueError: The cells are no sequence.
      CellError: A cell has another type.

    >>> cells_of('a', [' x', 3, 2.5, 4.0, True, None, math.nan])
    ['x', '3', '2.5', '4', 'True', '', '']
    """
    listed = isinstance(cells, Sequence | np.ndarray) and not isinstance(cells, str | bytes)
    if not listed or getattr(cells, 'ndim', 1) != 1:
        raise ValueError(
            f'Column {shown(name)} should hold a sequence of cells. Found {shown(cells)}.'
        )
    return [_text(name, row, cell) for row, cell in enumerate(cells, first)]


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
    raise CellError(
        name,
        row,
        f'the cell should be a text, a number, a boolean or None. Found {shown(cell)}.',
    )
