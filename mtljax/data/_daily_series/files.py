"""Reading daily series from a long or a wide table."""

import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mtljax._shown import shown
from mtljax.data._daily_series.days import DAY
from mtljax.data._reading.names import check_header, check_names
from mtljax.data._reading.paths import require
from mtljax.data._reading.rows import numbers, rows

LAYOUT = """\
a wide .csv:  date,yellow,green      or a long one:  date,series,value
              2017-01-01,247126,                     2017-01-01,yellow,247126
              2017-01-02,226718,8106                 2017-01-02,green,8106"""
_LEAST = 0.01  # if fewer days of the range have a row, a date is mistyped


def read_series(
    path: Path, targets: Sequence[str] | None, date: str, series: str, value: str
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Read the days from the first to the last of a file, and its series. Missing values are NaN.

    Args:
      path: The file.
      targets: The names of the series to read; None reads all.
      date: The column of ISO dates.
      series: The column of names. A file without this column has the wide layout.
      value: The column of numbers in a long file.

    Raises:
      FileNotFoundError: The file does not exist.
      ValueError: A column or series is missing, a date occurs twice, a cell holds no date or no
        number, or days are so far apart that one must be mistyped.
    """
    path = require(path, LAYOUT, 'The file is yours.')
    header, *body = rows(path)
    if not body:
        raise ValueError(f'{path} should hold days below its header. Found none.')
    check_header(path, header, [date, value] if series in header else [date])
    columns = dict(zip(header, zip(*body, strict=True), strict=True))
    dates = _dates(path, columns.pop(date))
    days = np.arange(dates.min(), dates.max() + DAY, DAY)
    names = list(dict.fromkeys(columns[series]) if series in header else columns)
    if not names:
        raise ValueError(
            f'{path} should hold series besides {date!r}. Found none. Expected:\n{LAYOUT}'
        )
    chosen = names if targets is None else check_names('targets', targets, names, 'series')
    if series in header:
        table = numbers(path, value, columns[value], first=2)
        lines = {name: np.flatnonzero(np.array(columns[series]) == name) for name in chosen}
        cells = {name: (line, table[line]) for name, line in lines.items()}
    else:
        every = np.arange(len(dates))
        cells = {name: (every, numbers(path, name, columns[name], first=2)) for name in chosen}
    placed = {name: _place(path, name, days, dates, *cell) for name, cell in cells.items()}
    return days, placed


def _place(path, name, days, dates, lines, values):
    """Place the values of the given lines of the file on ``days``."""
    where = (dates[lines] - days[0]).astype(int)
    order = np.argsort(where, kind='stable')
    twice = np.flatnonzero(np.diff(where[order]) == 0)
    if len(twice):
        line = lines[order[twice[0] + 1]]
        raise ValueError(
            f'{path}, row {line + 2}: {shown(name)} should have a date once. Found '
            f'{dates[line]} twice.'
        )
    placed = np.full(len(days), np.nan)
    placed[where] = values
    return placed


def _dates(path, cells):
    days = []
    for index, cell in enumerate(cells, 2):
        try:
            if len(cell) != len('2017-01-31'):
                raise ValueError
            days.append(datetime.date.fromisoformat(cell))
        except ValueError:
            raise ValueError(
                f'{path}, row {index}: the date should be ISO, such as 2017-01-31. Found '
                f'{shown(cell)}.'
            ) from None
    dates = np.array(days, 'datetime64[D]')
    known = np.unique(dates)
    gaps = np.diff(known).astype(int)
    if len(known) < _LEAST * (1 + gaps.sum()):
        widest = gaps.argmax()
        raise ValueError(
            f'{path} should hold most days from its first to its last. Found {len(known)} of '
            f'{1 + gaps.sum()} days, and no day between {known[widest]} and {known[widest + 1]}. '
            'Is a date mistyped?'
        )
    return dates
