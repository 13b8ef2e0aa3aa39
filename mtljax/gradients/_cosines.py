"""Angles between task gradients."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mtljax._numeric import divisor

# A squared norm in this range, and the terms of its sum, keep all their digits in float32.
_LEAST, _MOST = 1e-24, 1e30
# Rows whose squared norm is outside are divided by one of these, which brings it into the range.
_SHORT, _LONG = 2.0**-83, 2.0**80


def cosines(gramian: Float[Array, 'T T']) -> Float[Array, 'T T']:
    """The cosines between task gradients, from their inner products.

    The cosine of tasks i and j is ``G_ij / sqrt(G_ii G_jj)``, where G is the Gramian: the matrix of
    the inner products.

    Args:
      gramian: The inner products G of the T task gradients, ``[T, T]``.

    Returns:
      The cosines, ``[T, T]``. All cosines of a zero gradient are 0, also its cosine with itself.

    >>> cosines(jnp.array([[4.0, -2.0], [-2.0, 1.0]]))
    Array([[ 1., -1.],
           [-1.,  1.]], dtype=float32)
    """
    square = jnp.diagonal(gramian)
    inverse = jnp.where(square > 0, 1 / jnp.sqrt(divisor(square)), 0)
    return gramian * inverse[:, None] * inverse[None, :]


def norms_and_cosines(
    gramian: Float[Array, 'T T'],
    scaled: Callable[[Array], Array],
    active: Bool[Array, 'T'] | None = None,
) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
    """The norms of the rows of a Jacobian J, and their cosines.

    Where the square of a norm does not fit float32, both come from the Gramian of scaled rows.

    Args:
      gramian: The Gramian of the rows, ``[T, T]``.
      scaled: ``(factors [T]) -> [T, T]``, the Gramian of ``diag(factors) J``.
      active: The rows that matter; all when None. A task without labels has a zero row, which is no
        reason to compute the second Gramian.

    >>> plain = jnp.array([[4.0, -2.0], [-2.0, 1.0]])
    >>> norms, angles = norms_and_cosines(plain, lambda factors: plain)
    >>> norms.tolist()
    [2.0, 1.0]
    """
    square = jnp.diagonal(gramian)
    long, short = square > _MOST, square < _LEAST
    outside = (long | short) & (True if active is None else active)
    sizes = jnp.where(long, _LONG, jnp.where(short, _SHORT, 1.0)).astype(square.dtype)

    def again():
        unit = scaled(1 / sizes)
        return sizes * jnp.sqrt(jnp.diagonal(unit)), cosines(unit)

    return jax.lax.cond(jnp.any(outside), again, lambda: (jnp.sqrt(square), cosines(gramian)))
