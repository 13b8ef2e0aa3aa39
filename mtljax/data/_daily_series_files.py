"""Daily series from a long or a wide table."""

import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mtljax.data._files import numbers, require, rows

LAYOUT = """\
a wide .csv:  date,yellow,green      or a long one:  date,series,value
              2017-01-01,247126,                     2017-01-01,yellow,247126
              2017-01-02,226718,8106                 2017-01-02,green,8106"""


def read_series(
    path: Path, targets: Sequence[str] | None, date: str, series: str, value: str
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The days from the first to the last of a file, and its series, NaN where there is no value.

    Args:
      path: of the file.
      targets: the names of the series that are read; all by default.
      date: the column of ISO dates.
      series: the column of names; a file without it is a wide one.
      value: the column of numbers in a long file.

    Raises:
      FileNotFoundError: no such file.
      ValueError: a missing column or series, a date twice, or a cell that is no date or number.
    """
    path = require(path, LAYOUT, 'The file is yours.')
    header, *table = rows(path)
    if not table:
        raise ValueError(f'{path} holds a header and no day.')
    if len(set(header)) < len(header):
        raise ValueError(f'{path}: the columns should have different names. Found {header}.')
    _check_known(path, 'column', [date, value] if series in header else [date], header)
    columns = dict(zip(header, zip(*table, strict=True), strict=True))
    dates = _dates(path, columns.pop(date))
    days = np.arange(dates.min(), dates.max() + 1)
    if series in header:
        names = list(dict.fromkeys(columns[series]))
        found = np.array(numbers(path, value, columns[value], first=2))
        lines = {name: np.array(columns[series]) == name for name in targets or names}
        cells = {name: (np.flatnonzero(line), found[line]) for name, line in lines.items()}
    else:
        names, every = list(columns), np.arange(len(dates))
        cells = {
            name: (every, np.array(numbers(path, name, columns[name], first=2)))
            for name in targets or names
            if name in columns
        }
    _check_known(path, 'series', targets or names, names)
    if not cells:
        raise ValueError(f'{path} holds no series beside {date!r}. Expected:\n{LAYOUT}')
    placed = {name: _place(path, name, days, dates, *cell) for name, cell in cells.items()}
    return days, placed


def _place(path, name, days, dates, lines, values):
    """The values of the given lines of the file on ``days``."""
    where = (dates[lines] - days[0]).astype(int)
    order = np.argsort(where, kind='stable')
    twice = np.flatnonzero(np.diff(where[order]) == 0)
    if len(twice):
        line = lines[order[twice[0] + 1]]
        raise ValueError(f'{path}, row {line + 2}: {name!r} has {dates[line]} twice.')
    if np.isinf(values).any():
        line = lines[np.isinf(values).argmax()]
        raise ValueError(f'{path}, row {line + 2}: {name!r} should be finite.')
    placed = np.full(len(days), np.nan)
    placed[where] = values
    return placed


def _dates(path, cells):
    found = []
    for index, cell in enumerate(cells, 2):
        try:
            if len(cell) != len('2017-01-31'):
                raise ValueError
            found.append(datetime.date.fromisoformat(cell))
        except ValueError:
            raise ValueError(
                f'{path}, row {index}: an ISO date such as 2017-01-31 is expected. Found {cell!r}.'
            ) from None
    return np.array(found, 'datetime64[D]')


def _check_known(path, kind, wanted, found):
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise ValueError(f'{path} has no {kind} {unknown}. Found {list(found)}.')
