"""The nearest point of the simplex."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def simplex(point: Float[Array, 'T'], active: Bool[Array, 'T'] | None = None) -> Float[Array, 'T']:
    """Project a vector on the simplex ``{w: w >= 0, sum_t w_t = 1}`` of the active tasks.

    The result is the point of the simplex that is nearest to the vector in Euclidean distance. A
    task is active if it has a label in the batch.

    Args:
      point: The vector, one number per task.
      active: Booleans ``[T]``, True for tasks with a label in the batch. None means all tasks. The
        other tasks get 0.

    >>> simplex(jnp.array([1.0, 0.5, -1.0]))
    Array([0.75, 0.25, 0.  ], dtype=float32)
    """
    active = jnp.ones(point.shape, bool) if active is None else active
    # A shift changes nothing, and numbers far below the largest get 0: so no number is too large.
    point = jnp.maximum(point - jnp.max(point, where=active, initial=-jnp.inf), -2)
    point = jnp.where(active, point, -2)
    ordered = jnp.sort(jnp.where(active, point, -jnp.inf), descending=True)
    above = jnp.cumsum(jnp.where(jnp.isfinite(ordered), ordered, 0)) - 1
    counts = jnp.arange(1, len(point) + 1)
    support = jnp.sum(ordered * counts > above)
    level = above[jnp.maximum(support - 1, 0)] / jnp.maximum(support, 1)
    return jnp.where(active, jnp.maximum(point - level, 0), 0)
