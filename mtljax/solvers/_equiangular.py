"""The direction with prescribed cosines to all gradients."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mtljax._numeric import divide
from mtljax.solvers._precision import in_float64


def equiangular(
    cosines: Float[Array, 'T T'], preference: Float[Array, 'T'], included: Bool[Array, 'T']
) -> Float[Array, 'T']:
    """Weights ``b = C^+ p`` of unit rows: ``d = sum_t b_t g_t/|g_t|`` has ``d . g_t/|g_t| = p_t``.

    Dependent rows give the least-squares solution. Eigenvalues of C below ``10 T eps``, relative to
    the largest one, count as zero; eps is that of the input's dtype.

    Args:
      cosines: The cosines between the gradients.
      preference: The vector p.
      included: The tasks that count; others get weight 0.

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
