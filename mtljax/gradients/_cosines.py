"""Angles between task gradients."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from mtljax.base import Array

_LEAST, _MOST = 1e-24, 1e30  # squared norms whose parts float32 holds with all their digits
_SHORT, _LONG = 2.0**-83, 2.0**80  # what brings all others of float32 there


def cosines(gramian: Array) -> Array:
    """Cosines between the task gradients, ``G_ij / sqrt(G_ii G_jj)``.

    Args:
      gramian: ``[T, T]``.

    Returns:
      ``[T, T]``; the row and column of a zero gradient are 0.

    >>> cosines(jnp.array([[4.0, -2.0], [-2.0, 1.0]]))
    Array([[ 1., -1.],
           [-1.,  1.]], dtype=float32)
    """
    square = jnp.diagonal(gramian)
    inverse = jnp.where(square > 0, 1 / jnp.sqrt(jnp.where(square > 0, square, 1)), 0)
    return gramian * inverse[:, None] * inverse[None, :]


def norms_and_cosines(
    gramian: Array, scaled: Callable[[Array], Array], active: Array | None = None
) -> tuple[Array, Array]:
    """The norms of the rows and their cosines; of scaled rows where squares leave float32.

    Args:
      gramian: ``[T, T]``.
      scaled: ``(factors [T]) -> [T, T]``, the Gramian of ``diag(factors) J``.
      active: which rows matter; all when left out. A task without labels has a zero row, which is
        no reason to scale.

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
