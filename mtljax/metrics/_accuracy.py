"""The share of right answers."""

import jax.numpy as jnp

from mtljax.base import Metric
from mtljax.metrics._mean_of import mean_of


def accuracy() -> Metric:
    """The share of examples whose largest logit is the label's.

    Predictions ``[B, ..., classes]``, integer targets ``[B, ...]``. NaN where a logit is NaN.

    >>> metric = accuracy()
    >>> logits = jnp.array([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])
    >>> metric.result(metric.update(logits, jnp.array([0, 1, 1]), jnp.ones(3, bool))).item()
    0.666...
    """

    def hit(logits, label):
        return jnp.where(jnp.isnan(logits).any(-1), jnp.nan, logits.argmax(-1) == label)

    return mean_of(hit, higher_is_better=True)


def binary_accuracy() -> Metric:
    """The share of entries whose logit has the label's sign: above 0 for label 1.

    Predictions ``[B, ...]``, targets 0 or 1 of the same shape. NaN where a logit is NaN.

    >>> metric = binary_accuracy()
    >>> logits, labels = jnp.array([2.0, -1.0, 3.0, -4.0]), jnp.array([1, 0, 0, 0])
    >>> metric.result(metric.update(logits, labels, jnp.ones(4, bool))).item()
    0.75
    """

    def hit(logit, label):
        return jnp.where(jnp.isnan(logit), jnp.nan, (logit > 0) == (label > 0.5))

    return mean_of(hit, higher_is_better=True)
