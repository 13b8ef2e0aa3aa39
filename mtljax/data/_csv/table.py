"""A user's table, by columns, and what its columns are."""

import os
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from mtljax.data._reading.columns import parse
from mtljax.data._reading.files import as_path, require, rows
from mtljax.data._reading.names import check_header

_LAYOUT = 'a table of text: a header, then rows with a comma between fields'
_SOURCE = 'It is yours.'
_OTHERS = {';': "';'", '\t': r"'\t'", '|': "'|'"}
_MOST = 0.9  # of the cells: with so many numbers, a column should hold nothing else


class Described(NamedTuple):
    """A line of the report: what a column is taken for."""

    name: str
    role: str
    kind: str
    detail: str
    empty: float


def read_table(
    path: str | os.PathLike | None, delimiter: str, missing: Collection[str]
) -> dict[str, Sequence[str]]:
    """The cells of every column, by its name in the header; ``''`` for what is missing.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: no path, a folder, no row below the header, a ragged row, a name twice, or another
        delimiter.
    """
    if not path:
        raise ValueError(
            "path is empty: name the table, as in csv('houses.csv', ...) or "
            '--config.data.path=houses.csv.'
        )
    file = require(as_path(path), _LAYOUT, _SOURCE)
    header, *body = rows(file, delimiter=delimiter)
    other = next((mark for mark in _OTHERS if mark in header[0]), None)
    if len(header) == 1 and other:
        raise ValueError(
            f'{file}, line 1: {delimiter!r} is expected between fields. Found {header[0]!r}: '
            f'delimiter={_OTHERS[other]} reads such files.'
        )
    check_header(file, header)
    if not body:
        raise ValueError(f'{file} has a header and no row.')
    cells = zip(*body, strict=True)
    columns = (['' if cell in missing else cell for cell in column] for column in cells)
    return dict(zip(header, columns, strict=True))


def numbers_or_text(name: str, cells: Sequence[str], *, names: bool = False) -> np.ndarray | None:
    """A column of finite numbers, NaN where a cell is empty; None where it is text.

    Args:
      name: of the column.
      cells: as text.
      names: whether numbers may be names, and text lie among them.

    Raises:
      ValueError: nearly all cells are numbers; it names the first that is not, and its row.

    >>> numbers_or_text('area', ['1', '', '2.5']), numbers_or_text('city', ['7', 'Bern'])
    (array([1. , nan, 2.5]), None)
    """
    values, wrong = parse(cells)
    found = int((~np.isnan(values)).sum())
    if not names and wrong.any() and found >= _MOST * (found + wrong.sum()):
        row = int(wrong.argmax())
        raise ValueError(
            f'Column {name!r}, row {row + 2}: a number is expected, as in {found} other rows. '
            f'Found {cells[row]!r}. If that stands for no value, name it in missing; if numbers '
            f'are names here, categorical=[{name!r}].'
        )
    return None if wrong.any() else values


def empty_share(cells: Sequence[str]) -> float:
    """The share of empty cells."""
    return cells.count('') / len(cells)


def report(columns: Iterable[Described]) -> str:
    """Aligned lines, one per column.

    >>> print(report([Described('city', 'input', 'categorical', '2 categories', 0.25)]))
    column  role   type         values        empty
    city    input  categorical  2 categories  25.0 %
    """
    lines = [('column', 'role', 'type', 'values', 'empty')]
    lines += [(*column[:4], f'{column.empty:.1%}'.replace('%', ' %')) for column in columns]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    padded = [
        '  '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    ]
    return '\n'.join(line.rstrip() for line in padded)
