"""The known days of a series before an origin, and the days to forecast after it."""

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
      known: The days before the origin that have a value, ``[N]``.
      history: The values on these days, in the units of the file.
      days: The days to forecast, ``[H]``.
      truth: The values on the days to forecast; NaN if a day has no value.
    """

    known: np.ndarray
    history: np.ndarray
    days: np.ndarray
    truth: np.ndarray


def window(dataset: Dataset, task: str, origin: str) -> Window:
    """Return the window of a task of `mtljax.data.daily_series` at its origin."""
    train, test = everything(dataset.train), everything(dataset.test)
    past = np.datetime64(origin) - _DAY * np.arange(dataset.train.size, 0, -1)
    days = np.datetime64(origin) + _DAY * np.arange(dataset.test.size)
    units, observed = dataset.tasks[task].inverse, train.mask[task]
    truth = np.where(test.mask[task], units(test.targets[task]), np.nan)
    history = np.asarray(units(train.targets[task][observed]), np.float64)
    return Window(past[observed], history, days, truth)


def everything(split: Split) -> Batch:
    """Return all days of a split."""
    return split.take(np.arange(split.size))


def errors(forecast: np.ndarray, window: Window) -> dict[str, float]:
    """Return the errors of a forecast ``[H]``, ``{'wape': %, 'mae': units, 'mape': %}``."""
    mask = ~np.isnan(window.truth)
    arrays = [jnp.asarray(each) for each in (forecast, np.where(mask, window.truth, 1), mask)]
    return {
        name: np.asarray(metric.result(metric.update(*arrays))).item()
        for name, metric in METRICS.items()
    }
