"""Weights that make all singular values of the task gradients equal."""

import functools
from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mtljax._numeric import divisor
from mtljax.solvers._precision import in_float64

Level = Literal['min', 'median', 'rmse']


def balanced(
    norms: Float[Array, 'T'],
    cosines: Float[Array, 'T T'],
    preference: Float[Array, 'T'],
    active: Bool[Array, 'T'],
    level: Level,
) -> Float[Array, 'T']:
    """Compute the task weights of Aligned-MTL, which give all singular values the same size.

    The singular values are those of the matrix whose rows are the task gradients. Its Gramian has
    the eigendecomposition ``G = V S^2 V^T``, where S holds the singular values. The weights are
    ``B p`` with ``B = s V S^-1 V^T``, where s is the new value of all singular values, and the
    vector p is ``preference``.

    If the gradients are linearly dependent, only the r largest singular values are used, where r is
    the rank of the cosine matrix. An eigenvalue of the cosine matrix below ``10 T eps`` times the
    largest eigenvalue counts as 0, for T tasks and the machine epsilon eps of the dtype.

    Args:
      norms: The norms of the task gradients, ``[T]``.
      cosines: The cosines between the task gradients, ``[T, T]``.
      preference: The vector p, one number per task. A larger number gives a task more weight.
      active: Booleans ``[T]``, True for tasks with a label in the batch. The other tasks get weight
        0.
      level: How s is computed from the non-zero singular values: ``'min'``, ``'median'`` or
        ``'rmse'`` (root mean square).

    Returns:
      The task weights, ``[T]``.

    >>> balanced(jnp.array([3.0, 1.0]), jnp.eye(2), jnp.ones(2), jnp.ones(2, bool), 'min')
    Array([0.333..., 1. ...], dtype=float32)
    """
    cut = 10 * len(norms) * float(jnp.finfo(norms.dtype).eps)
    return _solver(level)(norms, cosines, preference, active, cut)


@functools.cache
def _solver(level: Level):
    level_of = {'min': _smallest, 'median': _median, 'rmse': _root_mean_square}[level]

    @in_float64
    def solve(norms, cosines, preference, active, cut):
        usable = active & (norms > 0)
        largest = jnp.max(jnp.where(usable, norms, 0))
        relative = jnp.where(usable, norms, 0) / divisor(largest)
        of_units = jnp.linalg.eigvalsh(jnp.where(usable[:, None] & usable[None, :], cosines, 0))
        rank = jnp.sum(of_units > cut * jnp.max(jnp.abs(of_units)))
        values, vectors = jnp.linalg.eigh(relative[:, None] * cosines * relative[None, :])
        large = jnp.arange(len(norms)) >= len(norms) - rank
        singular = jnp.sqrt(jnp.where(large, jnp.maximum(values, jnp.finfo(values.dtype).tiny), 1))
        inverse = jnp.where(large, level_of(singular, large, rank) / singular, 0)
        return vectors @ (inverse * (vectors.T @ jnp.where(usable, preference, 0)))

    return solve


def _smallest(singular, large, rank):
    return jnp.min(jnp.where(large, singular, jnp.inf))


def _median(singular, large, rank):
    ordered = jnp.sort(jnp.where(large, singular, jnp.inf))
    last = len(singular) - 1
    low, high = (jnp.clip(index, 0, last) for index in ((rank - 1) // 2, rank // 2))
    return (ordered[low] + ordered[high]) / 2


def _root_mean_square(singular, large, rank):
    return jnp.sqrt(jnp.sum(jnp.where(large, singular, 0) ** 2) / jnp.maximum(rank, 1))
