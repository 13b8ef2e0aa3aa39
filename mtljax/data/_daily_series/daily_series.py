"""Forecasts of several daily series, with one task for each."""

import os
from collections.abc import Iterable, Mapping

from mtljax.base import Dataset
from mtljax.data._daily_series.calendar import calendar_features
from mtljax.data._daily_series.days import Day
from mtljax.data._daily_series.read import read
from mtljax.data._daily_series.splits import make_splits
from mtljax.data._daily_series.targets import standardised_targets
from mtljax.data._daily_series.window import window
from mtljax.options import check_count, check_seed

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
    """Forecast several daily series from the calendar. Every series is one task.

    Days without a value are masked. A series with a short history can profit from another series
    with the same seasons (A. Navon, Parameter Sharing in Deep Learning, 2019,
    https://avivnavon.github.io/blog/parameter-sharing-in-deep-learning/).

    The file has one of two layouts::

        a wide .csv:  date,yellow,green      or a long one:  date,series,value
                      2017-01-01,247126,                     2017-01-01,yellow,247126
                      2017-01-02,226718,8106                 2017-01-02,green,8106

    An empty cell, or a day without a row, has no value. ``python -m experiments.data fetch series``
    writes a file in the wide layout, ``chicago.csv`` in ``~/.cache/mtljax/data/series``.

    Without a path, two series a and b are generated, for the days from 2014-01-01 to 2017-12-31:
    ``log a = 11 + s + 0.02 y + e`` and ``log b = 9.5 + 1.1 s + 0.04 y + e'``, with the seasons
    ``s = 0.12 sin(2 pi y + 0.8) + 0.05 cos(4 pi y) + w - 0.35 h``. Here y is the number of years
    since 2014-01-01, w is an effect of the weekday from -0.08 to 0.06, h is 1 on a federal holiday,
    and ``e, e' ~ N(0, 0.03^2)`` is noise. Of the training days of ``b``, only the last 92 have a
    value, unless ``last`` says otherwise.

    An example is one day. Inputs ``[B, D]`` are the `calendar_features` of the day. Targets ``[B]``
    are ``log(1 + value)`` or the value itself (see ``transform``), standardised with the mean and
    the standard deviation of the training days. Metrics are in the unit of the file.

    The splits follow each other in time, without gaps. The test split is the ``horizon`` days from
    ``origin`` on. The validation split is the ``horizon`` days before the test split. The training
    split is all days before the validation split. With ``refit``, it is all days before the test
    split.

    Args:
      path: The file, which may be gzipped. None generates two series.
      targets: The series to forecast, in the order of the tasks. The default is all series.
      origin: The first day of the test split, an ISO date or a date. By default, the test split
        ends with the last day that has data.
      horizon: The number of days of the validation split, and of the test split.
      refit: Whether to train on all days before the test split. Use this for the final training,
        after the hyperparameters are chosen: training then sees the validation days, so that
        validation metrics have no meaning. See `rolling_origins`.
      start: ``{series: first day}``. Values before that day are ignored.
      last: ``{series: n}``. Only the last n training days of the series have a value.
      transform: The transform of the values, ``'log'`` or ``'none'``.
      fourier: The number of sine and cosine pairs for the year; see `calendar_features`.
      holidays: Whether the inputs include the holidays of the United States.
      trend: Whether the inputs include the years since the first training day.
      date: The name of the column of dates.
      series: The name of the column with the names of the series, in the long layout.
      value: The name of the column of values, in the long layout.
      seed: The random seed of the generated series.

    Raises:
      FileNotFoundError: The file does not exist.
      ValueError: An option is out of range, or the file has unexpected content. In the second case,
        the error names the row. A ValueError is also raised if a day of the test split lies after
        the last day with data, if a series has no value in a split, if a series does not vary in
        training, or if ``transform`` is ``'log'`` and a value is below 0.

    >>> dataset = daily_series(origin='2017-10-02', refit=True)
    >>> [split.size for split in (dataset.train, dataset.validation, dataset.test)]
    [1370, 90, 90]
    >>> int(dataset.train.arrays.mask['b'].sum())
    92
    """
    check_count('horizon', horizon, 1)
    check_seed('seed', seed)
    check_count('fourier', fourier, 0)
    if not (last is None or isinstance(last, Mapping)):
        raise ValueError(f'last should be {{series: number of days}}. Found last = {last!r}.')
    for name, count in (last or {}).items():
        check_count(f'last[{name!r}]', count, 1)
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
