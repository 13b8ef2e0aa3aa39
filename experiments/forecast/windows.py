"""What is known at an origin of the series that is forecast, and what comes after it."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from mtljax import metrics
from mtljax.base import Batch, Dataset, Split

_DAY = np.timedelta64(1, 'D')
METRICS = {'wape': metrics.wape(), 'mae': metrics.mae(), 'mape': metrics.mape()}


class Window(NamedTuple):
    """The known days of one series before an origin, and the days to forecast.

    Attributes:
      known: the days before the origin with a value, ``[N]``.
      history: the values on them, in the units of the file.
      days: to forecast, ``[H]``.
      truth: the values on these, NaN where there is none.
    """

    known: np.ndarray
    history: np.ndarray
    days: np.ndarray
    truth: np.ndarray


def window(dataset: Dataset, task: str, origin: str) -> Window:
    """The window of a task of `mtljax.data.daily_series` at its origin."""
    train, test = everything(dataset.train), everything(dataset.test)
    past = np.datetime64(origin) - _DAY * np.arange(dataset.train.size, 0, -1)
    days = np.datetime64(origin) + _DAY * np.arange(dataset.test.size)
    units, observed = dataset.tasks[task].inverse, train.mask[task]
    truth = np.where(test.mask[task], units(test.targets[task]), np.nan)
    history = np.asarray(units(train.targets[task][observed]), np.float64)
    return Window(past[observed], history, days, truth)


def everything(split: Split) -> Batch:
    """All days of a split."""
    return split.take(np.arange(split.size))


def errors(forecast: np.ndarray, found: Window) -> dict[str, float]:
    """The errors of a forecast ``[H]``, ``{'wape': %, 'mae': units, 'mape': %}``."""
    there = ~np.isnan(found.truth)
    arrays = [jnp.asarray(each) for each in (forecast, np.where(there, found.truth, 1), there)]
    return {
        name: np.asarray(metric.result(metric.update(*arrays))).item()
        for name, metric in METRICS.items()
    }
