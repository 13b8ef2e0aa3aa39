"""The mean of the task gradients without the extreme values."""

import jax
import jax.numpy as jnp

from mtljax.options import check_count
from mtljax.surgery._rows import where_rows
from mtljax.surgery._surgery import Surgery, Traits, transform


def trimmed_mean(trim: int = 1) -> Surgery:
    """Average the task gradients of every parameter without the largest and smallest values.

    Each scalar parameter is treated separately. The ``trim`` largest and the ``trim`` smallest of
    its task gradients are left out of the mean (Yin, Chen, Ramchandran, Bartlett, ICML 2018,
    https://arxiv.org/abs/1803.01498). With n tasks, at most ``(n - 1) // 2`` values are left out on
    each side, so at least one value stays.

    If every task gradient equals g, the update is ``g``. If `on_shared` applies the method to the
    shared parameters, each head gets by default the gradient of its own loss, without a weight.
    Tasks without a label in the batch are left out. A zero gradient counts like any other gradient.
    The method is deterministic. An infinite value can be left out like any other extreme value. A
    NaN makes the update of its parameter NaN.

    Args:
      trim: The number of values that are left out on each side, the largest and the smallest ones.

    Raises:
      ValueError: ``trim`` is negative.

    >>> method = trimmed_mean(1)
    >>> updates = {'w': jnp.array([[1.0, 0.0], [2.0, 4.0], [99.0, 9.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [2.0, 4.0]
    """
    check_count('trim', trim, 0)

    def combine(jacobian, inner, *, losses, active, key):
        alive = jnp.sum(active)
        cut = jnp.minimum(trim, jnp.maximum(alive - 1, 0) // 2)
        rank = jnp.arange(active.size)
        stays = (rank >= cut) & (rank < alive - cut)
        weights = active / jnp.maximum(alive, 1)

        def mean(last, leaf):
            ordered = jnp.sort(last.astype(jnp.result_type(last, jnp.float32)), axis=0)
            chosen = where_rows(stays, ordered, jnp.zeros_like(ordered))
            value = jnp.sum(chosen, axis=0) / jnp.maximum(alive - 2 * cut, 1)
            broken = jnp.isnan(leaf).any(axis=0)
            return jnp.where(broken, jnp.nan, value).astype(leaf.dtype)

        rows = jacobian.stacked()
        infinite = jax.tree.map(lambda leaf: jnp.full_like(leaf, jnp.inf), rows)
        last = where_rows(active, rows, infinite)
        return jax.tree.map(mean, last, rows), weights, inner

    return transform(combine, traits=Traits(scale='mean', linear=False))
