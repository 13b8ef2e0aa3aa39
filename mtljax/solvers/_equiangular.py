"""The direction that has given cosines to all task gradients."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mtljax._numeric import divide
from mtljax.solvers._precision import in_float64


def equiangular(
    cosines: Float[Array, 'T T'], preference: Float[Array, 'T'], included: Bool[Array, 'T']
) -> Float[Array, 'T']:
    """Compute weights with which the sum of the unit gradients has given cosines to all gradients.

    Let ``u_t = g_t / |g_t|`` be the unit gradient of task t. The weights b are chosen so that
    ``d = sum_t b_t u_t`` has the dot products ``u_t . d = p_t``. So the cosines between d and the
    task gradients are proportional to p. The weights are ``b = C^+ p``, where ``C^+`` is the
    pseudo-inverse of the cosine matrix C. If the gradients are linearly dependent, this is the
    least-squares solution of ``C b = p``. An eigenvalue of C below ``10 T eps`` times the largest
    eigenvalue counts as 0, for T tasks and the machine epsilon eps of the dtype.

    Args:
      cosines: The cosines between the task gradients, ``[T, T]``.
      preference: The vector p, one number per task.
      included: Booleans ``[T]``, True for the tasks that count. All other tasks get weight 0.

    Returns:
      The weights b, ``[T]``.

    >>> equiangular(jnp.eye(2), jnp.array([1.0, 2.0]), jnp.array([True, True]))
    Array([1., 2.], dtype=float32)
    """
    eps = float(jnp.finfo(cosines.dtype).eps)
    return _solve(cosines, preference, included, 10 * len(preference) * eps)


@in_float64
def _solve(cosines, preference, included, cut):
    both = included[:, None] & included[None, :]
    values, vectors = jnp.linalg.eigh(jnp.where(both, cosines, 0))
    large = values > cut * jnp.max(jnp.abs(values))
    inverse = divide(1, values, large)
    wish = jnp.where(included, preference, 0)
    parts = vectors.T @ wish
    # A part that the rows cannot meet at all is rounding. It must not be scaled up.
    parts = jnp.where(jnp.abs(parts) > cut * jnp.max(jnp.abs(wish)), parts, 0)
    return vectors @ (inverse * parts)
