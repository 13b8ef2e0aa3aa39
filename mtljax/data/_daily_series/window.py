"""Second phase: the days to train on, to choose on and to forecast, and their known features."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mtljax.data._daily_series.days import DAY, Day, day_of
from mtljax.data._daily_series.read import Series
from mtljax.data._reading.names import check_names
from mtljax.options import check_count


class Window(NamedTuple):
    """Consecutive days that cover all splits.

    Attributes:
      days: The N days, ``datetime64[D]``.
      names: The names of the T series.
      values: ``[N, T]``; NaN where a day has no value.
      known: Which values exist, booleans ``[N, T]``.
      train: Which values training may see, booleans ``[N, T]``.
      spans: For training, validation and test, the first day and the day after the last one.
    """

    days: np.ndarray
    names: list[str]
    values: np.ndarray
    known: np.ndarray
    train: np.ndarray
    spans: dict[str, tuple[np.datetime64, np.datetime64]]


def window(
    series: Series,
    origin: Day | None,
    horizon: int,
    refit: bool,
    start: Mapping[str, Day] | None,
    last: Mapping[str, int] | None,
) -> Window:
    """Lay the splits over the days of the series; the options are those of `daily_series`.

    Raises:
      ValueError: The days to forecast have no data, an option names no series or no date, or a
        series has no value to train on.
    """
    names, begin = list(series.values), _origin(series, origin, horizon)
    if horizon >= len(series.days):
        raise ValueError(
            f'horizon should be less than the {len(series.days)} days of the series. '
            f'Found horizon = {horizon}.'
        )
    low, high = begin - horizon * DAY, begin + horizon * DAY
    days, values = _cover(series, start, low, high)
    known, end = ~np.isnan(values), begin if refit else low
    train = _history(days, known, names, end, last)
    first = days[train.any(1).argmax()]
    spans = {'training': (first, end), 'validation': (low, begin), 'test': (begin, high)}
    return Window(days, names, values, known, train, spans)


def _origin(series: Series, origin: Day | None, horizon: int) -> np.datetime64:
    """Return the first day to forecast; by default the last day to forecast has data."""
    present = np.any([~np.isnan(values) for values in series.values.values()], axis=0)
    if not present.any():
        raise ValueError(f'The series {list(series.values)} should hold values. Found none.')
    final = series.days[present][-1]
    latest = final - (horizon - 1) * DAY
    begin = latest if origin is None else day_of('origin', origin)
    if begin > latest:
        raise ValueError(
            f'The {horizon} days from the origin on should have data. Found origin = {begin}, and '
            f'the last day with data is {final}. The latest origin is {latest}.'
        )
    return begin


def _cover(
    series: Series, start: Mapping[str, Day] | None, low: np.datetime64, high: np.datetime64
) -> tuple[np.ndarray, np.ndarray]:
    """Return consecutive days that include ``low`` up to ``high``, and the values, ``[N, T]``."""
    days, names = series.days, list(series.values)
    every = np.arange(min(days[0], low), max(days[-1] + DAY, high), DAY)
    values = np.full((len(every), len(names)), np.nan)
    values[(days - every[0]).astype(int)] = np.stack(list(series.values.values()), axis=1)
    for name in check_names('start', start or {}, names, 'series'):
        values[every < day_of('start', (start or {})[name]), names.index(name)] = np.nan
    return every, values


def _history(
    days: np.ndarray,
    known: np.ndarray,
    names: Sequence[str],
    end: np.datetime64,
    last: Mapping[str, int] | None,
) -> np.ndarray:
    """Return the values that training may see, as booleans ``[N, T]``.

    These are the values before ``end``. For a series in ``last``, they are only the last ones.

    Raises:
      ValueError: ``last`` names an unknown series or gives no number of days, or a series has no
        value left.
    """
    train = known & (days < end)[:, None]
    for name, count in (last or {}).items():
        check_names('last', [name], names, 'series')
        check_count(f'last[{name!r}]', count, 1)
        train[days < end - count * DAY, names.index(name)] = False
    for name, column in zip(names, train.T, strict=True):
        if not column.any():
            raise ValueError(
                f'Series {name!r} should have a value before {end}, where training ends. '
                'Found none.'
            )
    return train
