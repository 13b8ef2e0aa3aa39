"""Projecting conflicting gradients."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from mtljax.surgery._from_gramian import from_cosines
from mtljax.surgery._order import of_rows, orders
from mtljax.surgery._surgery import Surgery


def pcgrad(*, shuffle: bool = True) -> Surgery:
    """PCGrad: each task's gradient loses the part that opposes another task's, one after the other.

    For each i, ``v = g_i``; for each j != i in random order, if ``v . g_j < 0`` then
    ``v -= (v . g_j) / |g_j|^2 g_j``; ``d = sum_i v_i`` (Yu, Kumar, Gupta, Levine, Hausman, Finn,
    NeurIPS 2020, https://arxiv.org/abs/2001.06782). It is computed on the cosines, for all i at
    once.

    Equal gradients g give ``T g``. Head gradients are not weighted. The method acts on all
    parameters that it gets, as one vector. The order is a new permutation per task i, drawn from
    ``key``. The authors' TensorFlow code discards its shuffle; ``shuffle=False`` does the same.
    Projections use the original ``g_j``. Inactive tasks are excluded. No gradient is projected on a
    zero gradient. A gradient that is not finite makes the update not finite.

    Args:
      shuffle: Whether the order of j is random; False takes the order of the tasks.

    Raises:
      ValueError: At update, the key is missing with ``shuffle`` and more than two tasks.

    >>> method = pcgrad()
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].tolist()
    [0.584..., 3.80..., 3.80...]
    """

    def weigh(norms, cosines, inner, *, losses, active, key):
        order = orders(len(norms), key, shuffle=shuffle, method='pcgrad')
        units = jax.vmap(_project, in_axes=(None, 0, 0))(cosines, jnp.arange(len(norms)), order)
        return of_rows(units, norms), inner

    return from_cosines(weigh, scale='sum')


def _project(
    cosines: Float[Array, 'T T'], task: Int[Array, ''], order: Int[Array, 'T']
) -> Float[Array, 'T']:
    """The shares of the unit rows in one projected row."""

    def against(units, other):
        dot = units @ cosines[:, other]
        return units.at[other].add(jnp.where(other == task, 0, -jnp.minimum(dot, 0))), None

    start = jax.nn.one_hot(task, len(order), dtype=cosines.dtype)
    return jax.lax.scan(against, start, order)[0]
