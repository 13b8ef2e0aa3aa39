"""Angles between task gradients."""

import jax.numpy as jnp

from mtljax.base import Array


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
