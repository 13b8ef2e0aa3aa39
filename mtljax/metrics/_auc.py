"""The area under the ROC curve."""

import jax
import jax.numpy as jnp

from mtljax.base import Metric
from mtljax.losses import expand
from mtljax.metrics._check import check_logits

_BINS = 1 << 16


def auc() -> Metric:
    """The area under the ROC curve of a score (logit or probability), in a streaming form.

    Scores fall into 65,536 bins that keep their order (the upper half of their float32 bits); a
    pair in one bin counts one half, so that the error is at most half the share of
    positive-negative pairs that share a bin (a relative difference in score under 2^-7). NaN when a
    class is absent or a score is NaN.

    Predictions ``[B, ...]``, targets 0 or 1 of the same shape. Raises a ValueError at update where
    the shapes differ.

    >>> metric = auc()
    >>> scores, labels = jnp.array([-2.0, 0.1, 0.3, 2.0]), jnp.array([0, 1, 0, 1])
    >>> metric.result(metric.update(scores, labels, jnp.ones(4, bool))).item()
    0.75
    """

    def update(prediction, target, mask):
        check_logits('auc', prediction, target)
        chosen = jnp.broadcast_to(expand(mask, prediction), prediction.shape).ravel()
        positive = (target > 0.5).ravel()
        bins = _ordered_bits(prediction.astype(jnp.float32).ravel())
        zeros = jnp.zeros(_BINS, jnp.int32)
        return {
            'positive': zeros.at[bins].add((chosen & positive).astype(jnp.int32)),
            'negative': zeros.at[bins].add((chosen & ~positive).astype(jnp.int32)),
            'nan': jnp.sum(chosen & jnp.isnan(prediction).ravel()),
        }

    def result(sums):
        positive = sums['positive'] / jnp.sum(sums['positive'])
        negative = sums['negative'] / jnp.sum(sums['negative'])
        below = jnp.cumsum(negative) - negative / 2
        return jnp.where(sums['nan'] > 0, jnp.nan, jnp.sum(positive * below))

    return Metric(update, result, higher_is_better=True)


def _ordered_bits(score):
    score = jnp.where(score == 0, 0, score)  # one zero, not two
    bits = jax.lax.bitcast_convert_type(score, jnp.uint32)
    sign = jnp.uint32(1 << 31)
    ordered = jnp.where(bits & sign, ~bits, bits | sign)
    return (ordered >> 16).astype(jnp.int32)
