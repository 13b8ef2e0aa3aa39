"""Krum: the gradients that are nearest to other gradients."""

import jax.numpy as jnp

from mtljax._numeric import divisor
from mtljax.options import check_count
from mtljax.surgery._from_gramian import from_cosines
from mtljax.surgery._surgery import Surgery


def krum(byzantine: int = 0, *, selected: int = 1) -> Surgery:
    """Multi-Krum: average the task gradients that are nearest to other task gradients.

    Let ``g_t`` be the gradient of task t. The score of task t is the sum of the squared distances
    ``|g_t - g_s|^2`` from ``g_t`` to the gradients that are nearest to it. With n tasks, the sum is
    over the ``n - byzantine - 2`` nearest gradients, and at least over one. The update is the mean
    of the ``selected`` gradients with the lowest scores (Blanchard, El Mhamdi, Guerraoui, Stainer,
    NeurIPS 2017, https://arxiv.org/abs/1703.02757). The paper squares the distances too, but
    the library TorchJD does not.

    If every task gradient equals g, the update is ``g``. If `on_shared` applies the method to the
    shared parameters, each head gets by default the gradient of its own loss, without a weight.
    Tasks without a label in the batch are left out. A zero gradient counts like any other gradient.
    The method is deterministic. If several tasks have equal scores, it takes the first of them. If
    a task gradient is not finite, the update is not finite.

    Args:
      byzantine: The number of task gradients that may be arbitrarily wrong.
      selected: The number of gradients that are averaged.

    Raises:
      ValueError: ``byzantine`` is below 0, or ``selected`` is below 1.

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
