"""Metrics of regression."""

from collections.abc import Callable

import jax.numpy as jnp

from mtljax.base import Array, Metric
from mtljax.metrics._mean_of import mean_of

Inverse = Callable[[Array], Array]
"""A function from scaled predictions, such as standardised values, to the original unit."""


def mae(inverse: Inverse = lambda y: y) -> Metric:
    """The mean absolute error, in the unit of the target.

    Args:
      inverse: A function that converts scaled predictions and targets back to their original unit,
        before the metric is computed. By default the values are not changed.

    >>> metric = mae()
    >>> metric.result(metric.update(jnp.array([1.0, 4.0]), jnp.zeros(2), jnp.ones(2, bool))).item()
    2.5
    """

    def error(prediction, target):
        return abs(inverse(prediction) - inverse(target))

    return mean_of(error, higher_is_better=False)


def rmse(inverse: Inverse = lambda y: y) -> Metric:
    """The root of the mean squared error, in the unit of the target.

    Args:
      inverse: A function that brings scaled values back to their original unit; see `mae`.

    >>> metric = rmse()
    >>> metric.result(metric.update(jnp.array([3.0, 4.0]), jnp.zeros(2), jnp.ones(2, bool))).item()
    3.535...
    """

    def error(prediction, target):
        return (inverse(prediction) - inverse(target)) ** 2

    square = mean_of(error, higher_is_better=False)
    return square._replace(result=lambda sums: jnp.sqrt(square.result(sums)))


def endpoint_error() -> Metric:
    """The mean Euclidean distance between predicted and true vectors, such as optical flow.

    Predictions and targets are vectors, ``[B, ..., dimensions]``.

    >>> metric = endpoint_error()
    >>> motion = jnp.array([[3.0, 4.0], [0.0, 1.0]])
    >>> metric.result(metric.update(motion, jnp.zeros((2, 2)), jnp.ones(2, bool))).item()
    3.0
    """

    def length(prediction, target):
        return jnp.linalg.norm(prediction.astype(jnp.float32) - target, axis=-1)

    return mean_of(length, higher_is_better=False)


def wape(inverse: Inverse = lambda y: y) -> Metric:
    """The sum of the absolute errors, in percent of the sum of the absolute targets.

    For predictions y and targets t, this is ``100 sum |y - t| / sum |t|``. Unlike `mape`, it is not
    sensitive to targets near 0.

    Args:
      inverse: A function that brings scaled values back to their original unit; see `mae`.

    >>> metric, predicted = wape(), jnp.array([1.0, 5.0])
    >>> metric.result(metric.update(predicted, jnp.array([2.0, 4.0]), jnp.ones(2, bool))).item()
    33.333...
    """
    size = mean_of(lambda prediction, target: abs(inverse(target)), higher_is_better=False)
    error = mae(inverse)

    def update(*batch):
        return tuple(metric.update(*batch) for metric in (error, size))

    def result(sums):
        return 100 * sums[0]['total'] / sums[1]['total']

    return Metric(update, result, higher_is_better=False)


def mape(inverse: Inverse = lambda y: y) -> Metric:
    """The mean of the absolute errors relative to their targets, in percent.

    For predictions y and targets t, this is the mean of ``100 |y - t| / |t|``. It is infinite or
    NaN if a target is 0.

    Args:
      inverse: A function that brings scaled values back to their original unit; see `mae`.

    >>> metric, predicted = mape(), jnp.array([1.0, 5.0])
    >>> metric.result(metric.update(predicted, jnp.array([2.0, 4.0]), jnp.ones(2, bool))).item()
    37.5
    """

    def error(prediction, target):
        true = inverse(target)
        return 100 * abs((inverse(prediction) - true) / true)

    return mean_of(error, higher_is_better=False)
