"""The result of a solver."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from mtljax._numeric import divide


class Solution(NamedTuple):
    """The task weights that a solver found, and their error.

    Attributes:
      weights: The weights of the task gradients, ``[T]`` for T tasks, or ``[N, T]`` if the solver
        solved N problems.
      residual: The largest error in the optimality conditions, after each gradient is scaled to
        length 1. It is 0 if the solver uses a closed form, and large if the solver did not
        converge.
    """

    weights: Float[Array, '... T']
    residual: Float[Array, '']


def normalise(gramian: Float[Array, 'T T']) -> tuple[Float[Array, 'T'], Float[Array, 'T T']]:
    """Compute the norms ``[T]`` and the cosines ``[T, T]`` of T task gradients from their Gramian.

    If you have the task gradients as a `Jacobian`, use its method ``normalised()`` instead. The
    method ``normalised()`` works even if the entries of the Gramian do not fit float32.

    Args:
      gramian: The matrix of the dot products of the task gradients, ``[T, T]``.

    Returns:
      The norms and the cosines.

    >>> normalise(jnp.array([[4.0, -1.0], [-1.0, 1.0]]))
    (Array([2., 1.], dtype=float32), Array([[ 1. , -0.5],
           [-0.5,  1. ]], dtype=float32))
    """
    norms = jnp.sqrt(jnp.diagonal(gramian))
    inverse = divide(1, norms)
    return norms, gramian * inverse[:, None] * inverse[None, :]
