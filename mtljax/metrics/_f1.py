"""The F1 score of a binary label."""

import jax.numpy as jnp

from mtljax.base import Metric
from mtljax.losses import expand
from mtljax.metrics._check import check_logits
from mtljax.metrics._counted import counted


def f1() -> Metric:
    """The F1 score of a binary label. It is useful for labels that are rarely 1.

    The score is ``2 tp / (2 tp + fp + fn)``, where tp, fp and fn count the true positives, the
    false positives and the false negatives over all labelled entries. A prediction is positive if
    its logit is above 0. The result is NaN if no prediction and no label is positive, or if a logit
    is NaN.

    Predictions are logits ``[B, ...]``, and targets have the same shape and are 0 or 1.

    Raises:
      ValueError: ``update`` of the metric gets predictions and targets of different shapes.

    >>> metric = f1()
    >>> logits, labels = jnp.array([2.0, 1.0, -3.0, -4.0]), jnp.array([1, 0, 1, 0])
    >>> metric.result(metric.update(logits, labels, jnp.ones(4, bool))).item()
    0.5
    """

    def update(prediction, target, mask, weight=None):
        check_logits('f1', prediction, target)
        positive, true, chosen = prediction > 0, target > 0.5, expand(mask, prediction)
        cells = {
            'true_positive': chosen & positive & true,
            'false_positive': chosen & positive & ~true,
            'false_negative': chosen & ~positive & true,
        }
        counts = {name: jnp.sum(counted(cell, weight)) for name, cell in cells.items()}
        return counts | {'nan': jnp.sum(chosen & jnp.isnan(prediction))}

    def result(sums):
        hits = 2 * sums['true_positive']
        score = hits / (hits + sums['false_positive'] + sums['false_negative'])
        return jnp.where(sums['nan'] > 0, jnp.nan, score)

    return Metric(update, result, higher_is_better=True)
