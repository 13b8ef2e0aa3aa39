"""Which days of which series are known when."""

import datetime
from collections.abc import Mapping

import numpy as np

from mtljax.data._daily_series.calendar import DAY
from mtljax.data._reading.names import check_names
from mtljax.options import check_count

Day = str | datetime.date | np.datetime64


def cover(
    days: np.ndarray,
    series: Mapping[str, np.ndarray],
    start: Mapping[str, Day] | None,
    low: np.datetime64,
    high: np.datetime64,
) -> tuple[np.ndarray, np.ndarray]:
    """Consecutive days and the values on them, ``[N]`` and ``[N, T]``; NaN where there is none.

    Args:
      days: consecutive days.
      series: ``{name: values on these days}``.
      start: ``{name: first day}``: what comes before is left out.
      low: a day from which on days are wanted.
      high: the day before which they are wanted.

    Raises:
      ValueError: ``start`` names no series, or no date.
    """
    every = np.arange(min(days[0], low), max(days[-1] + DAY, high), DAY)
    values = np.full((len(every), len(series)), np.nan)
    values[(days - every[0]).astype(int)] = np.stack(list(series.values()), axis=1)
    names = list(series)
    for name in check_names('start', start or {}, names, 'series'):
        values[every < day_of('start', (start or {})[name]), names.index(name)] = np.nan
    return every, values


def history(
    days: np.ndarray,
    known: np.ndarray,
    names: list[str],
    end: np.datetime64,
    last: Mapping[str, int] | None,
) -> np.ndarray:
    """What training knows, booleans ``[N, T]``: days before ``end``, of some series few.

    Raises:
      ValueError: ``last`` names no series or no number of days, or a series has no day left.
    """
    train = known & (days < end)[:, None]
    for name, count in (last or {}).items():
        check_names('last', [name], names, 'series')
        check_count(f'last[{name!r}]', count, 1)
        train[days < end - count * DAY, names.index(name)] = False
    for name, column in zip(names, train.T, strict=True):
        if not column.any():
            raise ValueError(f'Series {name!r} has no value before {end}, where training ends.')
    return train


def day_of(option: str, day: Day) -> np.datetime64:
    """A day, from an ISO date or one of the types of dates.

    Raises:
      ValueError: it is none.

    >>> day_of('origin', '2017-01-31')
    np.datetime64('2017-01-31')
    """
    try:
        found = datetime.date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError:
        found = None
    if not isinstance(found, datetime.date | np.datetime64) or np.isnat(np.datetime64(found)):
        raise ValueError(f'{option} should be an ISO date such as 2017-01-31. Found {day!r}.')
    return np.datetime64(found).astype('datetime64[D]')
