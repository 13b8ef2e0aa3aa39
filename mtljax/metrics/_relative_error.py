"""Errors relative to the target."""

from mtljax.base import Metric
from mtljax.metrics._errors import Inverse, mape


def relative_error(inverse: Inverse = lambda y: y) -> Metric:
    """The mean of the absolute errors relative to the targets, for example of depth.

    For predictions y and targets t, this is the mean of ``|y - t| / |t|``. It is infinite or NaN if
    a target is 0. Such targets should therefore be masked. `mape` is the same metric in percent.

    Args:
      inverse: A function that brings scaled values back to their original unit; see `mae`.

    >>> import jax.numpy as jnp
    >>> metric, predicted = relative_error(), jnp.array([1.0, 5.0])
    >>> metric.result(metric.update(predicted, jnp.array([2.0, 4.0]), jnp.ones(2, bool))).item()
    0.375
    """
    percent = mape(inverse)
    return percent._replace(result=lambda sums: percent.result(sums) / 100)
