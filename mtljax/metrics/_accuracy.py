"""The share of correct predictions."""

import jax.numpy as jnp

from mtljax.base import Metric
from mtljax.metrics._mean_of import mean_of


def accuracy() -> Metric:
    """The share of labels that are predicted correctly, for classification.

    The predicted class is the one with the largest logit. Predictions are logits
    ``[B, ..., classes]``, and targets are class numbers ``[B, ...]``. The result is NaN if a logit
    is NaN.

    >>> metric = accuracy()
    >>> logits = jnp.array([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])
    >>> metric.result(metric.update(logits, jnp.array([0, 1, 1]), jnp.ones(3, bool))).item()
    0.666...
    """

    def is_correct(logits, label):
        return jnp.where(jnp.isnan(logits).any(-1), jnp.nan, logits.argmax(-1) == label)

    return mean_of(is_correct, higher_is_better=True)


def binary_accuracy() -> Metric:
    """The share of binary labels that are predicted correctly.

    A logit above 0 predicts label 1, and any other logit predicts label 0. Predictions are logits
    ``[B, ...]``, and targets have the same shape and are 0 or 1. The result is NaN if a logit is
    NaN.

    >>> metric = binary_accuracy()
    >>> logits, labels = jnp.array([2.0, -1.0, 3.0, -4.0]), jnp.array([1, 0, 0, 0])
    >>> metric.result(metric.update(logits, labels, jnp.ones(4, bool))).item()
    0.75
    """

    def is_correct(logit, label):
        return jnp.where(jnp.isnan(logit), jnp.nan, (logit > 0) == (label > 0.5))

    return mean_of(is_correct, higher_is_better=True)
