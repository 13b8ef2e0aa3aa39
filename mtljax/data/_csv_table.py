"""A user's table, by columns, and what its columns are."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtljax.data._files import require, rows

_LAYOUT = 'a table of text: a header, then rows with a comma between fields'
_SOURCE = 'It is yours.'


class Described(NamedTuple):
    """A line of the report: what a column is taken for."""

    name: str
    role: str
    kind: str
    detail: str
    empty: float


def read_table(path: str | Path | None) -> dict[str, Sequence[str]]:
    """The cells of every column, by its name in the header.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: no path, a folder, no row below the header, a ragged row, or a name twice.
    """
    if not path:
        raise ValueError(
            "path is empty: name the table, as in csv('houses.csv', ...) or "
            '--config.data.path=houses.csv.'
        )
    file = require(Path(path), _LAYOUT, _SOURCE)
    if file.is_dir():
        raise ValueError(f'path should be a file, {_LAYOUT}. {file} is a folder.')
    header, *body = rows(file)
    header[0] = header[0].removeprefix('\ufeff').strip('"')  # what spreadsheets put first
    double = sorted({name for name in header if header.count(name) > 1})
    if double:
        raise ValueError(f'{file}, line 1: every column needs its own name. Found twice: {double}.')
    if not body:
        raise ValueError(f'{file} has a header and no row.')
    return dict(zip(header, zip(*body, strict=True), strict=True))


def check_names(option: str, names: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """The names as a tuple; one name may stand alone.

    Raises:
      ValueError: a name that is no column, or one twice.
    """
    names, known = (names,) if isinstance(names, str) else tuple(names), list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f'{option} should name columns, {known}. Found {unknown}.')
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ValueError(f'{option} names a column twice: {double}.')
    return names


def parse(cells: Sequence[str]) -> np.ndarray | None:
    """A column of finite numbers, NaN where a cell is empty; None where a cell is something else.

    >>> parse(['1', '', '2.5']), parse(['1', 'NA']), parse(['1', 'inf'])
    (array([1. , nan, 2.5]), None, None)
    """
    try:
        found = np.array([float(cell or 'nan') for cell in cells])
    except ValueError:
        return None
    given = np.array([cell != '' for cell in cells])
    plain = not any('_' in cell for cell in cells)  # 1_000 is Python's
    return found if plain and (np.isfinite(found) == given).all() else None


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
