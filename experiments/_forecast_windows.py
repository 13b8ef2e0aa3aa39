"""What is known at an origin of the series that is forecast, and what comes after it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from mtljax import metrics
from mtljax.base import Batch, Dataset, Split, Task

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
    own, observed = dataset.tasks[task], train.mask[task]
    truth = np.where(test.mask[task], in_units(own, test.targets[task]), np.nan)
    return Window(past[observed], in_units(own, train.targets[task][observed]), days, truth)


def everything(split: Split) -> Batch:
    """All days of a split."""
    return split.take(np.arange(split.size))


def in_units(task: Task, y: ArrayLike) -> np.ndarray:
    """Standardised values ``[N]`` in the units of the file, float64.

    WAPE of one value is its absolute error in percent of its size, so that error and WAPE give the
    size.
    """

    def size(value):
        ones = jnp.ones(1, bool)

        def error(name):
            metric = task.metrics[name]
            return metric.result(metric.update(value[None] + 1, value[None], ones))

        return 100 * error('mae') / error('wape')

    return np.asarray(jax.vmap(size)(jnp.asarray(y)), np.float64)


def errors(forecast: np.ndarray, found: Window) -> dict[str, float]:
    """The errors of a forecast ``[H]``, ``{'wape': %, 'mae': units, 'mape': %}``."""
    there = ~np.isnan(found.truth)
    arrays = [jnp.asarray(each) for each in (forecast, np.where(there, found.truth, 1), there)]
    return {
        name: np.asarray(metric.result(metric.update(*arrays))).item()
        for name, metric in METRICS.items()
    }
