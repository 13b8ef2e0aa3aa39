"""Projections on the cone of updates that conflict with no task."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mtljax._numeric import divisor
from mtljax.solvers._nonnegative import FLOOR, nonnegative
from mtljax.solvers._precision import floored, in_float64
from mtljax.solvers._solution import Solution


def dual_cone(
    targets: Float[Array, 'N T'],
    norms: Float[Array, 'T'],
    cosines: Float[Array, 'T T'],
    active: Bool[Array, 'T'] | None = None,
) -> Solution:
    """Project each ``sum_t u_t g_t`` on ``{d: g_t . d >= 0 for every active t}``.

    The projection is ``sum_t v_t g_t`` with ``v = argmin_{v >= u} v^T G v``: one non-negative
    quadratic program per target, all under one vmap; two tasks have a closed form.

    Args:
      targets: Non-negative weights u, one row per projection.
      norms: The norms of the gradients.
      cosines: The cosines between the gradients.
      active: The active tasks; all when None. Other tasks get weight 0.

    Returns:
      Weights v, ``[N, T]``, and the largest residual.

    >>> cosines = jnp.array([[1.0, -0.5], [-0.5, 1.0]])
    >>> dual_cone(jnp.eye(2), jnp.array([1.0, 2.0]), cosines).weights
    Array([[1.  , 0.25],
           [1.  , 1.  ]], dtype=float32)
    """
    active = jnp.ones(norms.shape, bool) if active is None else active
    return _project(targets, norms, cosines, active)


@in_float64
def _project(targets, norms, cosines, active):
    usable = active & (norms > 0)
    units = jnp.where(usable[None], targets * norms[None], 0)
    # Each target is divided by its size: a cone has no scale.
    size = divisor(jnp.max(units, axis=1, keepdims=True))
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
    weights = targets + extra * size / divisor(norms, usable)[None]
    return Solution(jnp.where(usable[None], weights, jnp.where(active, targets, 0)), residual)
