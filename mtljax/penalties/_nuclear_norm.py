"""The nuclear norm, with a derivative everywhere."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@jax.custom_jvp
def nuclear_norm(matrix: Float[Array, 'M N']) -> Float[Array, '']:
    """The sum of the singular values of a matrix ``[M, N]``.

    Its derivative is ``U V^T`` over the singular values that are not 0, which is the subgradient of
    least norm. This derivative is finite at 0 and for repeated singular values too, where the
    derivatives of U and V are not. Second derivatives may still be infinite there.

    >>> nuclear_norm(jnp.diag(jnp.array([3.0, 2.0]))).item()
    5.0
    >>> jax.grad(nuclear_norm)(jnp.zeros((2, 2))).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    # With full_matrices=True, U or V^T would be square, with the longer side of the matrix.
    return jnp.sum(jnp.linalg.svd(matrix, full_matrices=False, compute_uv=False))


@nuclear_norm.defjvp
def _nuclear_norm_jvp(primals, tangents):
    u, values, vt = jnp.linalg.svd(primals[0], full_matrices=False)
    # Rounding turns singular values of 0 into about eps times the largest one.
    least = 10 * jnp.finfo(values.dtype).eps * len(values) ** 0.5 * values[0]
    columns = jnp.where((values > least)[None, :], u, 0)
    slope = jnp.matmul(columns, vt, precision='highest')
    return jnp.sum(values), jnp.sum(slope * tangents[0])
