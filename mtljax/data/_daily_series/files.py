"""Daily series from a long or a wide table."""

import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mtljax.data._daily_series.calendar import DAY
from mtljax.data._reading.names import check_header, check_names
from mtljax.data._reading.paths import require
from mtljax.data._reading.rows import numbers, rows

LAYOUT = """\
a wide .csv:  date,yellow,green      or a long one:  date,series,value
              2017-01-01,247126,                     2017-01-01,yellow,247126
              2017-01-02,226718,8106                 2017-01-02,green,8106"""
_LEAST = 0.01  # of the days from the first to the last: with fewer, a date is mistyped


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
      ValueError: a missing column or series, a date twice, a cell that is no date or number, or
        days so far apart that one must be mistyped.
    """
    path = require(path, LAYOUT, 'The file is yours.')
    header, *table = rows(path)
    if not table:
        raise ValueError(f'{path} holds a header and no day.')
    check_header(path, header, [date, value] if series in header else [date])
    columns = dict(zip(header, zip(*table, strict=True), strict=True))
    dates = _dates(path, columns.pop(date))
    days = np.arange(dates.min(), dates.max() + DAY, DAY)
    names = list(dict.fromkeys(columns[series]) if series in header else columns)
    if not names:
        raise ValueError(f'{path} holds no series beside {date!r}. Expected:\n{LAYOUT}')
    wanted = names if targets is None else check_names('targets', targets, names, 'series')
    if series in header:
        found = numbers(path, value, columns[value], first=2)
        lines = {name: np.flatnonzero(np.array(columns[series]) == name) for name in wanted}
        cells = {name: (line, found[line]) for name, line in lines.items()}
    else:
        every = np.arange(len(dates))
        cells = {name: (every, numbers(path, name, columns[name], first=2)) for name in wanted}
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
    dates = np.array(found, 'datetime64[D]')
    known = np.unique(dates)
    gaps = np.diff(known).astype(int)
    if len(known) < _LEAST * (1 + gaps.sum()):
        widest = gaps.argmax()
        raise ValueError(
            f'{path} holds {len(known)} of {1 + gaps.sum()} days from its first to its last: is a '
            f'date mistyped? None lies between {known[widest]} and {known[widest + 1]}.'
        )
    return dates
