"""What a solver returns."""

from typing import NamedTuple

import jax.numpy as jnp

from mtljax.base import Array


class Solution(NamedTuple):
    """Weights of the task gradients, and how exact they are.

    Attributes:
      weights: of the gradients themselves (not of unit rows), ``[T]``.
      residual: the largest violation of the optimality conditions, relative to unit rows; 0 where
        a closed form was used. A solver that did not arrive shows it here, and nowhere hides it.
    """

    weights: Array
    residual: Array


def normalise(gramian: Array) -> tuple[Array, Array]:
    """The norms ``[T]`` and cosines ``[T, T]`` that a Gramian is made of.

    Jacobians give both directly (``jacobian.normalised()``), also where their squares would leave
    float32.

    >>> normalise(jnp.array([[4.0, -1.0], [-1.0, 1.0]]))
    (Array([2., 1.], dtype=float32), Array([[ 1. , -0.5],
           [-0.5,  1. ]], dtype=float32))
    """
    norms = jnp.sqrt(jnp.diagonal(gramian))
    inverse = jnp.where(norms > 0, 1 / jnp.where(norms > 0, norms, 1), 0)
    return norms, gramian * inverse[:, None] * inverse[None, :]
