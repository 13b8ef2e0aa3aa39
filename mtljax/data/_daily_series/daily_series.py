"""Forecasts of several daily series."""

import os
from collections.abc import Iterable, Mapping

from mtljax.base import Dataset
from mtljax.data._daily_series.calendar import calendar_features
from mtljax.data._daily_series.days import Day
from mtljax.data._daily_series.read import read
from mtljax.data._daily_series.splits import make_splits
from mtljax.data._daily_series.targets import standardised_targets
from mtljax.data._daily_series.window import window
from mtljax.options import check_count

_TRANSFORMS = ('log', 'none')


def daily_series(
    path: str | os.PathLike | None = None,
    *,
    targets: Iterable[str] | None = None,
    origin: Day | None = None,
    horizon: int = 90,
    refit: bool = False,
    start: Mapping[str, Day] | None = None,
    last: Mapping[str, int] | None = None,
    transform: str = 'log',
    fourier: int = 10,
    holidays: bool = True,
    trend: bool = True,
    date: str = 'date',
    series: str = 'series',
    value: str = 'value',
    seed: int = 0,
) -> Dataset:
    """Make a task of each daily series, forecast from the calendar; missing days are masked.

    A series with a short history is helped by those that share its seasons (the setting of A.
    Navon, Parameter Sharing in Deep Learning, 2019,
    https://avivnavon.github.io/blog/parameter-sharing-in-deep-learning/). On disk, one of::

        a wide .csv:  date,yellow,green      or a long one:  date,series,value
                      2017-01-01,247126,                     2017-01-01,yellow,247126
                      2017-01-02,226718,8106                 2017-01-02,green,8106

    An empty cell, or a day without a row, has no data. ``python -m experiments.data fetch series``
    leaves a wide one, ``chicago.csv``, in ``~/.cache/mtljax/data/series``.

    Without a path, two series are generated: ``log a = 11 + s + 0.02 y + e`` and ``log b = 9.5 +
    1.1 s + 0.04 y + e'`` with ``s = 0.12 sin(2 pi y + 0.8) + 0.05 cos(4 pi y) + w - 0.35 h``, y the
    years since 2014-01-01 (to 2017-12-31), w an effect of the weekday from -0.08 to 0.06, h 1 on a
    federal holiday and ``e, e' ~ N(0, 0.03^2)``; only the last 92
    days of training of ``b`` are known unless ``last`` says otherwise.

    Inputs ``[B, D]``: the `calendar_features` of the date. Targets ``[B]``: ``log(1 + value)``
    or the value, standardised by the observed days of training; the metrics are in the units of the
    file. A row is a day, and the days of a split are in order and without a gap. The splits follow
    time: test is the ``horizon`` days from ``origin`` on, validation the ``horizon`` days before
    it, and training all days before (with ``refit``, all days before ``origin``).

    Args:
      path: The file, gzipped or not; None generates two series.
      targets: The series to forecast, in the order of the tasks; all by default.
      origin: The first day to forecast, an ISO date or a date; by default ``horizon`` days with
        data are left.
      horizon: The number of days of the validation and of the test split.
      refit: Whether to train up to the origin, once options are chosen. Training then sees the
        validation days, so that their metrics mean nothing. See `rolling_origins`.
      start: ``{series: first day}``: values before that day are ignored.
      last: ``{series: n}``: only the last n training days of the series hold data.
      transform: The transform of the values, ``'log'`` or ``'none'``.
      fourier: The number of pairs of waves for the year; see `calendar_features`.
      holidays: Whether the inputs include the holidays of the United States.
      trend: Whether the inputs include the years since the first training day.
      date: The name of the column of dates.
      series: The name of the column of names, in a long file.
      value: The name of the column of values, in a long file.
      seed: The seed of the generated series.

    Raises:
      FileNotFoundError: The file does not exist.
      ValueError: The file is refused (the error names the row), a day to forecast lies after the
        last one with data, a series has no value in a split or does not vary in training, a value
        is below 0 with ``'log'``, or an option is out of range.

    >>> dataset = daily_series(origin='2017-10-02', refit=True)
    >>> [split.size for split in (dataset.train, dataset.validation, dataset.test)]
    [1370, 90, 90]
    >>> int(dataset.train.arrays.mask['b'].sum())
    92
    """
    check_count('horizon', horizon, 1)
    check_count('seed', seed, 0)
    if transform not in _TRANSFORMS:
        raise ValueError(f'transform should be one of {_TRANSFORMS}. Found {transform!r}.')
    table = read(path, targets, seed, (date, series, value))
    if path is None and last is None and 'b' in table.values:
        last = {'b': 92}
    covered = window(table, origin, horizon, refit, start, last)
    y, tasks = standardised_targets(covered, transform)
    first = str(covered.spans['training'][0])
    inputs = calendar_features(
        covered.days, first=first, fourier=fourier, holidays=holidays, trend=trend
    )
    return Dataset(tasks, *make_splits(covered, inputs, y))
