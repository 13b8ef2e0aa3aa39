"""Krum: the gradients nearest to their neighbours."""

import jax.numpy as jnp

from mtljax._numeric import divisor
from mtljax.options import check_count
from mtljax.surgery._from_gramian import from_cosines
from mtljax.surgery._surgery import Surgery


def krum(byzantine: int = 0, *, selected: int = 1) -> Surgery:
    """Multi-Krum: the mean of the gradients that lie nearest to their neighbours.

    ``score_t = sum_{s near t} |g_t - g_s|^2`` over the ``|A| - byzantine - 2`` nearest others (at
    least one); ``d`` is the mean of the ``selected`` gradients of least score (Blanchard, El
    Mhamdi, Guerraoui, Stainer, NeurIPS 2017, https://arxiv.org/abs/1703.02757). Distances are
    squared, as in the paper; TorchJD sums them unsquared.

    Equal gradients g give ``g``. Head gradients are not weighted. Nothing is random; ties go to the
    first task. Inactive tasks are excluded. A zero gradient counts like any other. A gradient that
    is not finite makes the update not finite.

    Args:
      byzantine: The number of gradients that may be arbitrary.
      selected: The number of gradients that are averaged.

    Raises:
      ValueError: An option is out of range.

    >>> method = krum()
    >>> updates = {'w': jnp.array([[1.0, 0.0], [1.5, 0.0], [9.0, 9.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [1.0, 0.0]
    """
    check_count('byzantine', byzantine, 0)
    check_count('selected', selected, 1)

    def weigh(norms, cosines, inner, *, losses, active, key):
        tasks, alive = len(norms), jnp.sum(active)
        lengths = norms / divisor(jnp.max(norms))
        products = lengths[:, None] * lengths[None, :] * (cosines + cosines.T) / 2
        square = jnp.diagonal(products)
        distances = jnp.maximum(square[:, None] + square[None, :] - 2 * products, 0)
        others = active[:, None] & active[None, :] & ~jnp.eye(tasks, dtype=bool)
        nearest = jnp.sort(jnp.where(others, distances, jnp.inf), axis=1)
        neighbours = jnp.minimum(jnp.maximum(alive - byzantine - 2, 1), alive - 1)
        counted = (jnp.arange(tasks) < neighbours)[None, :]
        scores = jnp.sum(jnp.where(counted, nearest, 0), axis=1)
        rank = jnp.argsort(jnp.argsort(jnp.where(active, scores, jnp.inf), stable=True))
        chosen = jnp.minimum(selected, alive)
        return (rank < chosen) / jnp.maximum(chosen, 1).astype(norms.dtype), inner

    return from_cosines(weigh, scale='mean')
