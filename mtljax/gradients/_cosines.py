"""Angles between task gradients."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from mtljax.base import Array

_LEAST, _MOST = 1e-24, 1e30  # squared norms whose parts float32 holds with all their digits


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
    gramian: Array, rescaled: Callable[[], tuple[Array, Array]]
) -> tuple[Array, Array]:
    """The norms of the rows and their cosines; by another way where squares leave float32.

    Args:
      gramian: ``[T, T]``.
      rescaled: ``() -> (sizes [T], Gramian)`` of rows divided by their largest entry.

    >>> plain = jnp.array([[4.0, -2.0], [-2.0, 1.0]])
    >>> norms, angles = norms_and_cosines(plain, lambda: (jnp.ones(2), jnp.eye(2)))
    >>> norms.tolist()
    [2.0, 1.0]
    """
    square = jnp.diagonal(gramian)
    plain = ((square > _LEAST) & (square < _MOST)).all()

    def scaled():
        size, unit = rescaled()
        return size * jnp.sqrt(jnp.diagonal(unit)), cosines(unit)

    return jax.lax.cond(plain, lambda: (jnp.sqrt(square), cosines(gramian)), scaled)
