"""Third phase: standardised targets, and the tasks that read them."""

import jax.numpy as jnp
import numpy as np
import optax

from mtljax import heads, metrics
from mtljax.base import Task
from mtljax.data._daily_series.window import Window
from mtljax.data._reading.scaling import standardise, to_units


def standardised_targets(
    window: Window, transform: str
) -> tuple[dict[str, np.ndarray], dict[str, Task]]:
    """Return the targets, ``[N]`` each, NaN where a day has no value, and the tasks.

    Args:
      window: The values and the days of training.
      transform: ``'log'`` or ``'none'``.

    Raises:
      ValueError: A series does not vary in training, or holds values below 0 with ``'log'``.
    """
    values, names = window.values, window.names
    if transform == 'log' and (values < 0).any():
        name = names[np.nonzero(values < 0)[1][0]]
        raise ValueError(
            f"Series {name!r} should hold values >= 0 with transform = 'log'. "
            f"Found {np.nanmin(values[:, names.index(name)])}. Use transform='none'."
        )
    values = np.log1p(values) if transform == 'log' else values
    targets, tasks = {}, {}
    for name, column, rows in zip(names, values.T, window.train.T, strict=True):
        targets[name], mean, scale = standardise(column, rows, [name], targets=True)
        tasks[name] = _task(mean, scale, transform)
    return targets, tasks


def _task(mean, scale, transform) -> Task:
    units = to_units(mean, scale)
    inverse = units if transform == 'none' else lambda y: jnp.expm1(units(y))
    errors = {
        'mae': metrics.mae(to_units(0, scale) if transform == 'none' else inverse),
        'wape': metrics.wape(inverse),
        'mape': metrics.mape(inverse),
    }
    return Task(heads.linear(), optax.squared_error, errors, inverse)
