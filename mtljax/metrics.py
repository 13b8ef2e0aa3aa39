"""Metrics as sums that add over batches and devices, and comparisons of tables of metrics."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from mtljax.base import Array, Metric
from mtljax.losses import expand

_BINS = 1 << 16


def mean_of(per_example: Callable[[Any, Any], Array], *, higher_is_better: bool) -> Metric:
    """The mean of ``per_example(prediction, target) -> [B, ...]`` over labelled entries.

    >>> hits = mean_of(lambda p, t: (p > 0) == t, higher_is_better=True)
    >>> sums = hits.update(jnp.array([1.0, -1.0]), jnp.array([1, 1]), jnp.array([True, True]))
    >>> hits.result(sums).item()
    0.5
    """

    def update(prediction, target, mask):
        values = per_example(prediction, target)
        _check_size(values, prediction, target)
        chosen = jnp.broadcast_to(expand(mask, values), values.shape)
        total = jnp.sum(values.astype(jnp.float32), where=chosen, initial=0)
        return {'total': total, 'count': jnp.sum(chosen)}

    def result(sums):
        return sums['total'] / sums['count']

    return Metric(update, result, higher_is_better)


def _check_size(values, prediction, target):
    largest = max(leaf.size for leaf in jax.tree.leaves((prediction, target)))
    if values.size > largest:
        raise ValueError(
            f'A metric has {values.size} values for {largest} predictions or targets: one of them '
            f'broadcasts over the other. Found {jax.tree.map(jnp.shape, (prediction, target))}.'
        )


def accuracy() -> Metric:
    """The share of examples whose largest logit is the label's.

    Predictions ``[B, ..., classes]``, integer targets ``[B, ...]``.

    >>> metric = accuracy()
    >>> logits = jnp.array([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])
    >>> metric.result(metric.update(logits, jnp.array([0, 1, 1]), jnp.ones(3, bool))).item()
    0.666...
    """
    return mean_of(lambda logits, label: logits.argmax(-1) == label, higher_is_better=True)


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


def auc() -> Metric:
    """The area under the ROC curve of a score (logit or probability), in a streaming form.

    Scores fall into 65,536 bins that keep their order (the upper half of their float32 bits); a
    pair in one bin counts one half, so that the error is at most half the share of
    positive-negative pairs that share a bin (a relative difference in score under 2^-7). NaN when a
    class is absent or a score is NaN.

    Predictions ``[B, ...]``, targets 0 or 1 of the same shape.

    >>> metric = auc()
    >>> scores, labels = jnp.array([-2.0, 0.1, 0.3, 2.0]), jnp.array([0, 1, 0, 1])
    >>> metric.result(metric.update(scores, labels, jnp.ones(4, bool))).item()
    0.75
    """

    def update(prediction, target, mask):
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


def delta_m(
    results: Mapping[str, Mapping[str, float]],
    baseline: Mapping[str, Mapping[str, float]],
    higher_is_better: Mapping[str, Mapping[str, bool]],
) -> dict[str, float]:
    """The mean relative change against a baseline, in percent; negative is better.

    ``delta_m_flat`` averages over all metrics; ``delta_m_task`` within each task first; NaN where
    there is no metric or a baseline is 0.
    ``100 mean_k (-1)^[higher is better] (M_k - B_k) / |B_k|`` (Maninis, Radosavovic, Kokkinos,
    CVPR 2019, https://arxiv.org/abs/1904.08918).

    >>> delta_m({'a': {'mae': 0.9}}, {'a': {'mae': 1.0}}, {'a': {'mae': False}})['delta_m_flat']
    -9.99...
    """
    changes = {
        task: [
            100 * (1 - 2 * better) * _relative(results[task][name], base[name])
            for name, better in higher_is_better[task].items()
        ]
        for task, base in baseline.items()
    }
    flat = [change for row in changes.values() for change in row]
    per_task = [sum(row) / len(row) for row in changes.values() if row]
    return {'delta_m_flat': _average(flat), 'delta_m_task': _average(per_task)}


def _relative(value: float, base: float) -> float:
    return (value - base) / abs(base) if base else math.nan


def _average(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan
