"""The area under the ROC curve."""

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.base import Metric
from mtljax.metrics._check import check_logits, per_entry
from mtljax.metrics._counted import counted, histogram

_BINS = 1 << 16


def auc(*, streaming: bool = False, per_label: bool = False) -> Metric:
    """The area under the ROC curve of scores, which may be logits or probabilities.

    The area is computed from all pairs of an example with label 1 and an example with label 0. It
    is the share of pairs in which the example with label 1 has the higher score. A pair with equal
    scores counts one half. The result is NaN if a class is absent or a score is NaN.

    Predictions are scores ``[B, ...]``, and targets have the same shape and are 0 or 1.

    Args:
      streaming: Whether to save memory by an approximation. If False, all scores of the split are
        stored, and the result is exact. If True, the scores are put into 65,536 bins, and only the
        number of scores in each bin is stored. Two scores in the same bin are treated as equal. The
        relative difference of two such scores is below 2^-7. The error is at most half the share of
        pairs with both scores in one bin.
      per_label: What is computed if an example has several labels, ``[B, L]``. If False, the area
        is that of all ``B * L`` cells together, so a pair may consist of two different labels. If
        True, the result is the mean of the L areas. Labels of which a class is absent do not count
        in the mean. This cannot be combined with ``streaming``.

    Raises:
      ValueError: ``update`` of the metric gets predictions and targets of different shapes, or
        both options are True.

    >>> metric = auc()
    >>> scores, labels = jnp.array([-2.0, 0.1, 0.3, 2.0]), jnp.array([0, 1, 0, 1])
    >>> metric.result(metric.update(scores, labels, jnp.ones(4, bool))).item()
    0.75
    """
    if streaming and per_label:
        raise ValueError('auc should be streaming or per_label. Found both. Leave one of them out.')
    return _binned() if streaming else _exact(per_label)


def _exact(per_label: bool) -> Metric:
    def update(prediction, target, mask, weight=None):
        check_logits('auc', prediction, target)
        chosen = per_entry(mask, prediction)
        rows = {'score': prediction, 'positive': target > 0.5, 'chosen': counted(chosen, weight)}
        shape = (len(prediction), -1) if per_label else (-1,)
        return {name: row.reshape(shape) for name, row in rows.items()}

    def result(rows):
        names = ('score', 'positive', 'chosen')
        columns = [np.asarray(rows[name]).reshape(len(rows[name]), -1).T for name in names]
        areas = [_area(*each) for each in zip(*columns, strict=True)]
        known = [area for area in areas if area is not None]
        return np.float64(np.mean(known) if known else np.nan)

    return Metric(update, result, higher_is_better=True, collects=True)


def _area(scores: np.ndarray, positive: np.ndarray, counted: np.ndarray) -> float | None:
    """Return the area of the scores that count, with their weights if they are not booleans.

    The result is None if a class is absent, and NaN if a score is NaN.
    """
    chosen = counted > 0
    scores, positive = scores.astype(np.float64)[chosen], positive[chosen]
    weights = counted[chosen].astype(np.float64)
    pairs = weights[positive].sum() * weights[~positive].sum()
    if not pairs:
        return None
    if np.isnan(scores).any():
        return np.nan
    _, place = np.unique(scores, return_inverse=True)
    ties = np.bincount(place, np.where(positive, 0, weights))  # negatives of each score
    below = np.cumsum(ties) - ties / 2
    return (weights * below[place])[positive].sum() / pairs


def _binned() -> Metric:
    def update(prediction, target, mask, weight=None):
        check_logits('auc', prediction, target)
        chosen = per_entry(mask, prediction)
        bins = _ordered_bits(prediction.astype(jnp.float32).ravel())
        cells = {'positive': chosen & (target > 0.5), 'negative': chosen & ~(target > 0.5)}
        counts = {
            name: histogram(bins, counted(cell, weight), _BINS) for name, cell in cells.items()
        }
        return counts | {'nan': jnp.sum(chosen & jnp.isnan(prediction))}

    def result(sums):
        positive = sums['positive'] / jnp.sum(sums['positive'])
        negative = sums['negative'] / jnp.sum(sums['negative'])
        below = jnp.cumsum(negative) - negative / 2
        return jnp.where(sums['nan'] > 0, jnp.nan, jnp.sum(positive * below))

    return Metric(update, result, higher_is_better=True)


def _ordered_bits(score):
    score = jnp.where(score == 0, 0, score)  # -0.0 becomes 0.0
    bits = jax.lax.bitcast_convert_type(score, jnp.uint32)
    sign = jnp.uint32(1 << 31)
    ordered = jnp.where(bits & sign, ~bits, bits | sign)
    return (ordered >> 16).astype(jnp.int32)
