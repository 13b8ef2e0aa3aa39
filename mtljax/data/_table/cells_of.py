"""Cells from what users pass: lists, arrays, and columns of frames."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mtljax._shown import shown
from mtljax.data._table.cell_error import CellError
from mtljax.data._table.cells import (
    EXACT,
    Cells,
    DateCells,
    NumberCells,
    TextCells,
    are_exact,
    recoded,
)

_NUMBERS = {int, float, type(None)}


def cells_of(name: str, cells: Any, first: int = 1) -> Cells:
    """Return the cells of a column; None, NaN and NaT are empty cells.

    Args:
      name: The name of the column, for errors.
      cells: A sequence of texts, numbers, booleans, dates or None; an array; or a column of a frame
        of pandas, polars or Arrow.
      first: The number of the first row, for errors.

    Raises:
      ValueError: The cells are no sequence.
      CellError: A cell has another type.

    >>> cells = cells_of('a', [' x', 3, 2.5, True, None, math.nan, ' x'])
    >>> cells.values, cells.codes.tolist()
    (('x', 3.0, 2.5, 'True', ''), [0, 1, 2, 3, 4, 4, 0])
    """
    if isinstance(cells, Cells):
        return cells
    if hasattr(cells, '__arrow_c_stream__') or hasattr(cells, '__arrow_c_array__'):
        from mtljax.data._table.arrow import cells_of_arrow  # needs the extra

        return cells_of_arrow(name, cells)
    if hasattr(cells, '__array__'):
        cells = np.asarray(cells)
    listed = isinstance(cells, Sequence | np.ndarray) and not isinstance(cells, str | bytes)
    if not listed or getattr(cells, 'ndim', 1) != 1:
        raise ValueError(
            f'Column {shown(name)} should hold a sequence of cells. Found {shown(cells)}.'
        )
    if isinstance(cells, np.ndarray):
        if cells.dtype.kind == 'M':
            return DateCells(cells.astype('datetime64[us]'))
        if cells.dtype.kind == 'f' or (cells.dtype.kind in 'iu' and are_exact(cells)):
            return NumberCells(cells.astype(np.float64))
        cells = cells.tolist()
    return _coded(name, cells, first)


def texts_of(cells: Sequence[str]) -> TextCells:
    """Return the cells of a file of text.

    >>> texts_of(['b', 'a', 'b']).codes.tolist()
    [0, 1, 0]
    """
    known: dict[str, int] = {}
    codes = (known.setdefault(cell, len(known)) for cell in cells)
    array = np.fromiter(codes, np.int32, len(cells))
    return TextCells(tuple(known), array)


def _coded(name: str, cells: Sequence[Any], first: int) -> Cells:
    if set(map(type, cells)) <= _NUMBERS and all(_is_exact(cell) for cell in cells):
        return NumberCells(np.array([math.nan if cell is None else cell for cell in cells], float))
    known: dict[Any, int] = {}
    codes = np.empty(len(cells), np.int32)
    for row, cell in enumerate(cells):
        value = cell.strip() if isinstance(cell, str) else _value(name, row + first, cell)
        codes[row] = known.setdefault(value, len(known))
    return recoded(list(known), codes)


def _value(name: str, row: int, cell: Any) -> str | float:
    if isinstance(cell, np.generic):
        cell = cell.item()
    if cell is None or type(cell).__name__ in ('NAType', 'NaTType'):  # of pandas
        return ''
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int):
        return float(cell) if abs(cell) < EXACT else str(cell)
    if isinstance(cell, float):
        return '' if math.isnan(cell) else cell if math.isfinite(cell) else str(cell)
    if hasattr(cell, 'isoformat'):
        return cell.isoformat()
    raise CellError(
        name,
        row,
        f'the cell should be a text, a number, a boolean, a date or None. Found {shown(cell)}.',
    )


def _is_exact(cell: float | None) -> bool:
    return not isinstance(cell, int) or abs(cell) < EXACT
