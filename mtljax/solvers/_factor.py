"""Short vectors that have given cosines."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mtljax.solvers._precision import in_float64


def factor(cosines: Float[Array, 'T T'], included: Bool[Array, 'T']) -> Float[Array, 'T T']:
    """Compute a matrix F with ``F F^T = C`` for the cosines C of the task gradients.

    The rows of F have the same cosines as the T task gradients. So a solver can use row t, which
    has only T entries, in place of the unit gradient of task t. The rows of tasks that do not count
    are zero. An eigenvalue of C below ``10 T eps`` times the largest eigenvalue counts as 0, where
    eps is the machine epsilon of the dtype.

    Args:
      cosines: The cosines between the task gradients, ``[T, T]``.
      included: Booleans ``[T]``, True for the tasks that count.

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
