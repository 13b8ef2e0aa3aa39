"""Projecting conflicting gradients."""

import jax
import jax.numpy as jnp

from mtljax.base import Array
from mtljax.surgery._from_gramian import Surgery, from_gramian


def pcgrad(*, shuffle: bool = True) -> Surgery:
    """PCGrad: each task's gradient loses what opposes another's, one after the other.

    For each i, ``v = g_i``; for each j != i in random order, if ``v . g_j < 0`` then
    ``v -= (v . g_j) / |g_j|^2 g_j``; ``d = sum_i v_i`` (Yu, Kumar, Gupta, Levine, Hausman, Finn,
    NeurIPS 2020, https://arxiv.org/abs/2001.06782). Computed on the Gramian, all i at once.

    Equal gradients g give ``T g``. Head gradients: plain. Granularity: all parameters that it is
    given, as one vector. Order: a fresh permutation per task i, drawn from ``key``; the authors'
    TensorFlow code discards its shuffle, which ``shuffle=False`` reproduces. Projections are on the
    original ``g_j``. Inactive tasks are excluded; a zero gradient is never projected on; one that
    is not finite makes the update not finite, and so does one whose square leaves float32 (norms
    above 1e19; below 1e-19 it counts as zero).

    Args:
      shuffle: whether the order of j is random; False takes the order of the tasks.

    Raises:
      ValueError: at update, no key for more than two tasks with ``shuffle``.

    >>> method = pcgrad()
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].tolist()
    [0.584..., 3.80..., 3.80...]
    """

    def weigh(gramian, inner, *, losses, active, key):
        tasks = gramian.shape[0]
        if not shuffle or tasks <= 2:
            order = jnp.broadcast_to(jnp.arange(tasks), (tasks, tasks))
        elif key is None:
            raise ValueError('pcgrad draws the order of the tasks: pass key=... to update.')
        else:
            order = jax.vmap(lambda k: jax.random.permutation(k, tasks))(
                jax.random.split(key, tasks)
            )
        projected = jax.vmap(_project, in_axes=(None, 0, 0))(gramian, jnp.arange(tasks), order)
        weights = jnp.where(active[:, None], projected, 0).sum(axis=0)
        return jnp.where(jnp.isfinite(gramian).all(), weights, jnp.nan), inner

    return from_gramian(weigh)


def _project(gramian: Array, task: Array, order: Array) -> Array:
    """The weights ``[T]`` of one projected gradient; the gradients in ``order`` come in turn."""
    square = jnp.diagonal(gramian)

    def against(weights, other):
        dot = weights @ gramian[:, other]
        conflict = (dot < 0) & (other != task) & (square[other] > 0)
        step = jnp.where(conflict, dot / jnp.where(conflict, square[other], 1), 0)
        return weights.at[other].add(-step), None

    start = jax.nn.one_hot(task, gramian.shape[0], dtype=gramian.dtype)
    return jax.lax.scan(against, start, order)[0]
