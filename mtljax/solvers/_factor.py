"""Rows that have given cosines."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mtljax.solvers._precision import in_float64


def factor(cosines: Float[Array, 'T T'], included: Bool[Array, 'T']) -> Float[Array, 'T T']:
    """A matrix F with ``F F^T = C``: one short row per gradient, zero for excluded ones.

    Eigenvalues below ``10 T eps``, relative to the largest one, count as zero; eps is that of the
    input's dtype.

    Args:
      cosines: The cosines between the gradients.
      included: The tasks that count.

    Returns:
      The matrix F, ``[T, T]``.

    >>> rows = factor(jnp.array([[1.0, -1.0], [-1.0, 1.0]]), jnp.array([True, True]))
    >>> rows @ rows.T
    Array([[ 1., -1.],
           [-1.,  1.]], dtype=float32)
    """
    return _solve(cosines, included, 10 * len(included) * float(jnp.finfo(cosines.dtype).eps))


@in_float64
def _solve(cosines, included, cut):
    both = included[:, None] & included[None, :]
    values, vectors = jnp.linalg.eigh(jnp.where(both, cosines, 0))
    large = values > cut * jnp.max(jnp.abs(values))
    return vectors * jnp.sqrt(jnp.where(large, values, 0))[None]
