"""Forecasts of several daily series."""

import os
from collections.abc import Iterable, Mapping

import jax.numpy as jnp
import numpy as np
import optax

from mtljax import heads, metrics
from mtljax.base import Dataset, Task
from mtljax.data._daily_series.calendar import DAY, calendar_features
from mtljax.data._daily_series.files import read_series
from mtljax.data._daily_series.history import Day, cover, day_of, history
from mtljax.data._daily_series.pair import generated_pair
from mtljax.data._reading.names import as_names, check_names
from mtljax.data._reading.paths import as_path
from mtljax.data._reading.scaling import standardise, to_units
from mtljax.data._splits.array_split import ArraySplit, array_split
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
    """Daily series, one task each, forecast from the calendar; what was not observed is masked.

    A series with a short history is helped by those that share its seasons (the setting of A.
    Navon, Parameter Sharing in Deep Learning, 2019,
    https://avivnavon.github.io/blog/parameter-sharing-in-deep-learning/). On disk, one of::

        a wide .csv:  date,yellow,green      or a long one:  date,series,value
                      2017-01-01,247126,                     2017-01-01,yellow,247126
                      2017-01-02,226718,8106                 2017-01-02,green,8106

    An empty cell, or a day without a row, is no data. ``python -m experiments.data fetch series``
    leaves a wide one, ``chicago.csv``, in ``~/.cache/mtljax/data/series``.

    Without a path, two series are generated: ``log a = 11 + s + 0.02 y + e`` and ``log b = 9.5 +
    1.1 s + 0.04 y + e'`` with ``s = 0.12 sin(2 pi y + 0.8) + 0.05 cos(4 pi y) + w - 0.35 h``, y the
    years since 2014-01-01 (to 2017-12-31), w an effect of the weekday from -0.08 to 0.06, h 1 on a
    federal holiday and ``e, e' ~ N(0, 0.03^2)``; of ``b``, only the last 92 days of training
    are known unless ``last`` says otherwise.

    Inputs ``[B, D]``: `calendar_features`, of the date alone. Targets ``[B]``: ``log(1 + value)``
    or the value, standardised by the observed days of training; the metrics are in the units of the
    file. A row is a day, and the days of a split are in order and without a gap. Split by time:
    test is the ``horizon`` days from ``origin`` on, validation the ``horizon`` days before it,
    training what lies before (all but the test days are trained on with ``refit``).

    Args:
      path: of the file; gzipped or not.
      targets: the series to forecast, in the order of the tasks; all by default.
      origin: the first day to forecast, an ISO date or a date; by default ``horizon`` days with
        data are left.
      horizon: the number of days of the validation and of the test split.
      refit: train up to the origin, once options are chosen: validation days are then seen in
        training, and say nothing. See `rolling_origins`.
      start: ``{series: first day}``: what comes before is no data.
      last: ``{series: n}``: of the training days, only the last n hold data.
      transform: ``'log'`` or ``'none'``, of the values.
      fourier: see `calendar_features`, as for ``holidays`` and ``trend``.
      holidays: of the United States.
      trend: in years from the first training day.
      date: the name of the column of dates.
      series: of the column of names, in a long file.
      value: of the column of values, in a long file.
      seed: of what is generated.

    Raises:
      FileNotFoundError: no such file.
      ValueError: a file that cannot be read so, with file and row; days to forecast behind the last
        one with data; a series without a value in a split, or that does not vary in training; a
        value below 0 with ``'log'``; an option out of range.

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
    days, found = _read(path, targets, seed, (date, series, value))
    if path is None and last is None and 'b' in found:
        last = {'b': 92}
    names, begin = list(found), _origin(days, found, origin, horizon)
    spans = [begin - horizon * DAY, begin, begin + horizon * DAY]
    days, values = cover(days, found, start, spans[0], spans[-1])
    known, end = ~np.isnan(values), begin if refit else spans[0]
    train = history(days, known, names, end, last)
    y, tasks = _standardised(values, train, names, transform)
    first = days[train.any(1).argmax()]
    options = {'fourier': fourier, 'holidays': holidays, 'trend': trend}
    inputs = calendar_features(days, first=str(first), **options)
    splits = [
        _split(part, days, span, inputs, y, dict(zip(names, mask.T, strict=True)))
        for part, span, mask in (
            ('training', (first, end), train),
            ('validation', spans[:2], known),
            ('test', spans[1:], known),
        )
    ]
    return Dataset(tasks, *splits)


def _read(path, targets, seed, columns):
    """The days, and the series that are wanted."""
    wanted = None if targets is None else as_names(targets)
    if wanted == ():
        raise ValueError('targets is empty: name one series at least, or None for all.')
    if path is not None:
        return read_series(as_path(path), wanted, *columns)
    days, found = generated_pair(seed)
    names = check_names('targets', wanted or found, found, 'series')
    return days, {name: found[name] for name in names}


def _origin(days, found, origin, horizon):
    """The first day to forecast: the last of its days has data."""
    there = np.any([~np.isnan(values) for values in found.values()], axis=0)
    if not there.any():
        raise ValueError(f'The series {list(found)} hold no value.')
    final = days[there][-1]
    latest = final - (horizon - 1) * DAY
    begin = latest if origin is None else day_of('origin', origin)
    if begin > latest:
        raise ValueError(
            f'{horizon} days from {begin} on cannot be judged: the last day with data is {final}. '
            f'The latest origin is {latest}.'
        )
    return begin


def _standardised(values, train, names, transform):
    """The targets, ``[N]`` each, NaN where there is no value, and the tasks."""
    if transform == 'log' and (values < 0).any():
        name = names[np.nonzero(values < 0)[1][0]]
        raise ValueError(
            f"Series {name!r} holds values below 0: transform='none' is for these. "
            f'Found {np.nanmin(values[:, names.index(name)])}.'
        )
    values = np.log1p(values) if transform == 'log' else values
    y, tasks = {}, {}
    for name, column, rows in zip(names, values.T, train.T, strict=True):
        y[name], mean, scale = standardise(column, rows, [name], targets=True)
        tasks[name] = _task(mean, scale, transform)
    return y, tasks


def _task(mean, scale, transform) -> Task:
    units = to_units(mean, scale)
    inverse = units if transform == 'none' else lambda y: jnp.expm1(units(y))
    errors = {
        'mae': metrics.mae(to_units(0, scale) if transform == 'none' else inverse),
        'wape': metrics.wape(inverse),
        'mape': metrics.mape(inverse),
    }
    return Task(heads.linear(), optax.squared_error, errors, inverse)


def _split(part, days, span, inputs, y, mask) -> ArraySplit:
    """The days from the first of ``span`` to the one before its second."""
    rows = (days >= span[0]) & (days < span[1])
    for name, known in mask.items():
        if not known[rows].any():
            raise ValueError(
                f'Series {name!r} has no value in the {part} split, {span[0]} to {span[1] - DAY}.'
            )
    targets = {name: column[rows] for name, column in y.items()}
    return array_split(inputs[rows], targets, {name: known[rows] for name, known in mask.items()})
