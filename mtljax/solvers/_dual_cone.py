"""Projections on the cone of updates that oppose no task."""

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
    """Project weighted sums of the task gradients on the cone of updates that oppose no task.

    Let ``g_t`` be the gradient of task t. The cone is ``{d: g_t . d >= 0 for every active t}``,
    where a task is active if it has a label in the batch. The projection of the sum
    ``sum_t u_t g_t`` is ``sum_t v_t g_t`` with ``v = argmin_{v >= u} v^T G v``, where G is the
    Gramian of the gradients. For two tasks there is a closed form. For more tasks, each projection
    solves a non-negative quadratic program, and all projections run in one ``vmap``.

    Args:
      targets: The weights u of N sums, ``[N, T]`` for T tasks. They must not be negative.
      norms: The norms of the task gradients, ``[T]``.
      cosines: The cosines between the task gradients, ``[T, T]``.
      active: Booleans ``[T]``, True for tasks with a label in the batch. None means all tasks. The
        other tasks get weight 0.

    Returns:
      The weights v, ``[N, T]``, and the largest residual of the N projections, as a `Solution`.

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
