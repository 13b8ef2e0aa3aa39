"""The result of a solver."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from mtljax._numeric import divide


class Solution(NamedTuple):
    """Weights of the task gradients, and their error.

    Attributes:
      weights: The weights of the gradients (not of unit rows), ``[T]``, or ``[N, T]`` for N
        problems.
      residual: The largest violation of the optimality conditions, relative to unit rows; 0 for a
        closed form. A solver that did not converge has a large residual.
    """

    weights: Float[Array, '... T']
    residual: Float[Array, '']


def normalise(gramian: Float[Array, 'T T']) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
    """The norms ``[T]`` and the cosines ``[T, T]`` of a Gramian.

    A Jacobian gives both directly (``jacobian.normalised()``), also where squares do not fit
    float32.

    >>> normalise(jnp.array([[4.0, -1.0], [-1.0, 1.0]]))
    (Array([2., 1.], dtype=float32), Array([[ 1. , -0.5],
           [-0.5,  1. ]], dtype=float32))
    """
    norms = jnp.sqrt(jnp.diagonal(gramian))
    inverse = divide(1, norms)
    return norms, gramian * inverse[:, None] * inverse[None, :]
