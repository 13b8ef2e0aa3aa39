"""Errors of regression."""

import jax.numpy as jnp

from mtljax.base import Metric
from mtljax.metrics._mean_of import mean_of


def mae() -> Metric:
    """The mean absolute error, in the units of the target.

    >>> metric = mae()
    >>> metric.result(metric.update(jnp.array([1.0, 4.0]), jnp.zeros(2), jnp.ones(2, bool))).item()
    2.5
    """
    return mean_of(lambda prediction, target: abs(prediction - target), higher_is_better=False)


def rmse() -> Metric:
    """The root of the mean squared error, in the units of the target.

    >>> metric = rmse()
    >>> metric.result(metric.update(jnp.array([3.0, 4.0]), jnp.zeros(2), jnp.ones(2, bool))).item()
    3.535...
    """
    square = mean_of(lambda prediction, target: (prediction - target) ** 2, higher_is_better=False)
    return square._replace(result=lambda sums: jnp.sqrt(square.result(sums)))


def endpoint_error() -> Metric:
    """The mean Euclidean length of ``prediction - target``, as for fields of motion.

    Predictions and targets ``[B, ..., dimensions]``.

    >>> metric = endpoint_error()
    >>> motion = jnp.array([[3.0, 4.0], [0.0, 1.0]])
    >>> metric.result(metric.update(motion, jnp.zeros((2, 2)), jnp.ones(2, bool))).item()
    3.0
    """

    def length(prediction, target):
        return jnp.linalg.norm(prediction.astype(jnp.float32) - target, axis=-1)

    return mean_of(length, higher_is_better=False)
