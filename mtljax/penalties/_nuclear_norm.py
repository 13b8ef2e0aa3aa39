"""The nuclear norm, with a derivative everywhere."""

import jax
import jax.numpy as jnp

from mtljax.base import Array


@jax.custom_jvp
def nuclear_norm(matrix: Array) -> Array:
    """The sum of the singular values of a matrix ``[M, N]``.

    Its derivative is ``U V^T`` over the singular values that are not 0, the subgradient of least
    norm: finite also at 0 and for repeated singular values, where that of the factors is not. A
    second derivative has no such care.

    >>> nuclear_norm(jnp.diag(jnp.array([3.0, 2.0]))).item()
    5.0
    >>> jax.grad(nuclear_norm)(jnp.zeros((2, 2))).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    # Left out, full_matrices makes a square array of the longer side.
    return jnp.sum(jnp.linalg.svd(matrix, full_matrices=False, compute_uv=False))


@nuclear_norm.defjvp
def _nuclear_norm_jvp(primals, tangents):
    u, values, vt = jnp.linalg.svd(primals[0], full_matrices=False)
    # Rounding leaves singular values of about eps times the largest where there are none.
    least = 10 * jnp.finfo(values.dtype).eps * len(values) ** 0.5 * values[0]
    kept = jnp.where((values > least)[None, :], u, 0)
    slope = jnp.matmul(kept, vt, precision='highest')
    return jnp.sum(values), jnp.sum(slope * tangents[0])
