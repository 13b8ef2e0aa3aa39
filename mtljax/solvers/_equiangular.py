"""The direction with prescribed cosines to all gradients."""

import jax.numpy as jnp

from mtljax.base import Array
from mtljax.solvers._precision import in_float64


def equiangular(cosines: Array, preference: Array, included: Array) -> Array:
    """Weights ``b = C^+ p`` of unit rows: ``d = sum_t b_t g_t/|g_t|`` has ``d . g_t/|g_t| = p_t``.

    Where the rows are dependent it is the least-squares solution; eigenvalues of C below
    ``10 T eps`` (relative to the largest, eps that of the input) count as zero.

    Args:
      cosines: ``[T, T]``.
      preference: p, ``[T]``.
      included: ``[T]``; others get 0.

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
    inverse = jnp.where(large, 1 / jnp.where(large, values, 1), 0)
    wish = jnp.where(included, preference, 0)
    parts = vectors.T @ wish
    # What is left of a wish that the rows cannot meet at all is rounding: it must not be scaled up.
    parts = jnp.where(jnp.abs(parts) > cut * jnp.max(jnp.abs(wish)), parts, 0)
    return vectors @ (inverse * parts)
