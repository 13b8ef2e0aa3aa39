"""Projections on the cone of updates that conflict with no task."""

import jax
import jax.numpy as jnp

from mtljax.base import Array
from mtljax.solvers._nonnegative import FLOOR, nonnegative
from mtljax.solvers._precision import floored, in_float64
from mtljax.solvers._solution import Solution


def dual_cone(
    targets: Array, norms: Array, cosines: Array, active: Array | None = None
) -> Solution:
    """Project each ``sum_t u_t g_t`` on ``{d: g_t . d >= 0 for every active t}``.

    The projection is ``sum_t v_t g_t`` with ``v = argmin_{v >= u} v^T G v``: one non-negative
    quadratic program per target, all under one vmap; two tasks have a closed form.

    Args:
      targets: non-negative weights u, one row per projection, ``[N, T]``.
      norms: ``[T]``.
      cosines: ``[T, T]``.
      active: ``[T]``; all when None. Others get weight 0.

    Returns:
      Weights v, ``[N, T]``, and the largest residual.

    >>> found = dual_cone(jnp.eye(2), jnp.array([1.0, 2.0]), jnp.array([[1.0, -0.5], [-0.5, 1.0]]))
    >>> found.weights
    Array([[1.  , 0.25],
           [1.  , 1.  ]], dtype=float32)
    """
    active = jnp.ones(norms.shape, bool) if active is None else active
    return _project(targets, norms, cosines, active)


@in_float64
def _project(targets, norms, cosines, active):
    usable = active & (norms > 0)
    units = jnp.where(usable[None], targets * norms[None], 0)
    # Targets are weighed by their own size: a cone has no scale.
    size = jnp.max(units, axis=1, keepdims=True)
    size = jnp.where(size > 0, size, 1)
    units = units / size
    if len(norms) == 2:
        both = usable[:, None] & usable[None, :]
        extra = jnp.maximum(0, -units @ jnp.where(both, cosines, jnp.eye(2)))
        residual = jnp.zeros(())
    else:
        matrix = floored(cosines, usable, FLOOR)
        against = jnp.where(usable[None], -units @ matrix, -1)
        extra, residuals = jax.vmap(nonnegative, in_axes=(None, 0))(matrix, against)
        residual = jnp.max(residuals)
    lengths = jnp.where(usable, norms, 1)
    weights = targets + extra * size / lengths[None]
    return Solution(jnp.where(usable[None], weights, jnp.where(active, targets, 0)), residual)
