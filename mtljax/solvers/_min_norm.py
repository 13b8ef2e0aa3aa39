"""The shortest vector in the convex hull of the task gradients."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mtljax._numeric import divide, divisor
from mtljax.solvers._nonnegative import FLOOR, nonnegative
from mtljax.solvers._precision import floored, in_float64
from mtljax.solvers._solution import Solution


def min_norm(
    norms: Float[Array, 'T'],
    cosines: Float[Array, 'T T'],
    active: Bool[Array, 'T'] | None = None,
) -> Solution:
    """Compute the weights of MGDA: the shortest convex combination of the task gradients.

    The weights minimise ``|sum_t w_t g_t|`` over ``w >= 0, sum_t w_t = 1``, where ``g_t`` is the
    gradient of task t. If there are zero gradients, only these get weight. For two tasks there is a
    closed form.

    For more tasks, the solver computes weights y of the unit gradients ``u_t = g_t / |g_t|``. They
    solve the non-negative least-squares problem ``min |sum_t y_t u_t|^2 + (r . y - 1)^2`` with
    ``r_t = (min_s |g_s|) / |g_t|``. The vector ``sum_t y_t u_t`` has the direction of the shortest
    combination but another length. The weights ``w_t`` are therefore ``y_t / |g_t|``, scaled to
    sum 1.

    Args:
      norms: The norms of the task gradients, ``[T]``.
      cosines: The cosines between the task gradients, ``[T, T]``.
      active: Booleans ``[T]``, True for tasks with a label in the batch. None means all tasks. The
        other tasks get weight 0.

    Returns:
      The weights, ``[T]``, and the residual, as a `Solution`.

    >>> min_norm(jnp.array([3.0, 1.0]), jnp.array([[1.0, -1.0], [-1.0, 1.0]])).weights
    Array([0.25, 0.75], dtype=float32)
    """
    active = jnp.ones(norms.shape, bool) if active is None else active
    return _pair(norms, cosines, active) if len(norms) == 2 else _many(norms, cosines, active)


@in_float64
def _pair(norms, cosines, active):
    first, second = norms
    across = first**2 + second**2 - 2 * first * second * cosines[0, 1]
    share = second * (second - first * cosines[0, 1]) / divisor(across)
    share = jnp.where(across > 0, jnp.clip(share, 0, 1), 0.5)
    weights = jnp.where(active.all(), jnp.stack([share, 1 - share]), active)
    return Solution(weights, jnp.zeros(()))


@in_float64
def _many(norms, cosines, active):
    zero, usable = active & (norms == 0), active & (norms > 0)
    smallest = jnp.min(jnp.where(usable, norms, jnp.inf))
    ratio = divide(smallest, norms, usable)
    matrix = floored(cosines, usable, FLOOR) + jnp.outer(ratio, ratio)
    units, residual = nonnegative(matrix, jnp.where(usable, ratio, -1))
    weights = jnp.where(usable, units * ratio, 0)
    weights = weights / divisor(weights.sum(), usable.any())
    return Solution(
        jnp.where(zero.any(), zero / jnp.maximum(zero.sum(), 1), weights),
        jnp.where(zero.any(), 0.0, residual),
    )
