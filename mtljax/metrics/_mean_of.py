"""The mean over labelled entries, as a metric."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from mtljax.base import Array, Metric
from mtljax.metrics._check import per_entry
from mtljax.metrics._counted import counted


def mean_of(per_example: Callable[[Any, Any], Array], *, higher_is_better: bool) -> Metric:
    """Make a metric that averages a function of prediction and target over all labels.

    Args:
      per_example: ``(prediction, target) -> [B, ...]``, the function to average.
      higher_is_better: Whether a higher mean is better.

    >>> hits = mean_of(lambda p, t: (p > 0) == t, higher_is_better=True)
    >>> sums = hits.update(jnp.array([1.0, -1.0]), jnp.array([1, 1]), jnp.array([True, True]))
    >>> hits.result(sums).item()
    0.5
    """

    def update(prediction, target, mask, weight=None):
        values = per_example(prediction, target)
        _check_size(values, prediction, target)
        chosen = per_entry(mask, values)
        count, values = counted(chosen, weight), values.astype(jnp.float32)
        weighted = values if weight is None else values * count
        total = jnp.sum(weighted, where=chosen, initial=0)
        return {'total': total, 'count': jnp.sum(count)}

    def result(sums):
        return sums['total'] / sums['count']

    return Metric(update, result, higher_is_better)


def _check_size(values, prediction, target):
    largest = max(leaf.size for leaf in jax.tree.leaves((prediction, target)))
    if values.size > largest:
        raise ValueError(
            'Predictions and targets should not broadcast over each other. '
            f'Found {jax.tree.map(jnp.shape, (prediction, target))}, with {values.size} values.'
        )
