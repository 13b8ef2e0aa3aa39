"""Which days of which series are known when."""

import datetime
from collections.abc import Iterable, Mapping

import numpy as np

from mtljax.options import check_count


def cover(
    days: np.ndarray,
    series: Mapping[str, np.ndarray],
    start: Mapping[str, str] | None,
    low: np.datetime64,
    high: np.datetime64,
) -> tuple[np.ndarray, np.ndarray]:
    """Consecutive days and the values on them, ``[N]`` and ``[N, T]``; NaN where there is none.

    Args:
      days: consecutive days.
      series: ``{name: values on these days}``.
      start: ``{name: ISO date}``: what comes before is left out.
      low: a day from which on days are wanted.
      high: the day before which they are wanted.

    Raises:
      ValueError: ``start`` names no series, or no date.
    """
    every = np.arange(min(days[0], low), max(days[-1] + 1, high))
    values = np.full((len(every), len(series)), np.nan)
    values[(days - every[0]).astype(int)] = np.stack(list(series.values()), axis=1)
    names = list(series)
    for name in known_names('start', start or {}, names):
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
        known_names('last', [name], names)
        check_count(f'last[{name!r}]', count, 1)
        train[days < end - count, names.index(name)] = False
    for name, column in zip(names, train.T, strict=True):
        if not column.any():
            raise ValueError(f'Series {name!r} has no value before {end}, where training ends.')
    return train


def known_names(option: str, wanted: Iterable[str], names: Iterable[str]) -> list[str]:
    """The names in ``wanted``, which are series.

    Raises:
      ValueError: one of them is not.
    """
    names, wanted = list(names), list(wanted)
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise ValueError(f'{option} should name series, {names}. Found {unknown}.')
    return wanted


def day_of(option: str, day: str) -> np.datetime64:
    """An ISO date.

    Raises:
      ValueError: it is none.

    >>> day_of('origin', '2017-01-31')
    np.datetime64('2017-01-31')
    """
    try:
        return np.datetime64(datetime.date.fromisoformat(day))
    except (TypeError, ValueError):
        raise ValueError(
            f'{option} should be an ISO date such as 2017-01-31. Found {day!r}.'
        ) from None
