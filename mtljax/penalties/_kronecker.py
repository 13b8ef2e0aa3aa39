"""A normal distribution of arrays, whose covariance is a Kronecker product over the axes."""

import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mtljax._numeric import divisor

Covariances = dict[int, Array]
"""``{axis: [D, D]}``. An axis that is missing has the identity, which is never computed."""


def negative_log_density(
    array: Float[Array, '...'],
    covariances: Covariances,
    ridge: ArrayLike = 0.0,
    floor: ArrayLike = 0.0,
) -> Float[Array, '']:
    """``vec(W)^T S^-1 vec(W) / 2 + log det(S) / 2``, where S is the Kronecker product.

    Args:
      array: The array W, ``[D_0, D_1, ...]``.
      covariances: The covariance ``S_k`` of every axis. It is replaced by
        ``(S_k + ridge v I) / (1 + ridge)``, where v is its mean variance.
      ridge: The number that keeps the covariances regular.
      floor: The number that is added to the variances of the last covariance.

    >>> negative_log_density(jnp.array([[2.0]]), {0: jnp.array([[4.0]])}).item()
    1.19...
    """
    factors = _factors(covariances, ridge, floor)
    logs = [
        array.size / len(factor) * jnp.sum(jnp.log(jnp.diagonal(factor)))
        for factor in factors.values()
    ]
    return sum(logs, jnp.sum(whiten(array, factors) ** 2) / 2)


def flip_flop(
    array: Float[Array, '...'], covariances: Covariances, order: tuple[int, ...], ridge: ArrayLike
) -> Covariances:
    """Update every covariance once, in closed form, while the others are fixed.

    The covariance of axis k becomes ``S_k = W_(k) W_(k)^T / (size / D_k)``. Here W is first
    whitened along the other axes, with regular covariances. Only the product of the covariances is
    determined. Therefore all but the last one of ``order`` get a mean diagonal of 1. A covariance
    does not change if its new value is 0 or not finite.

    Args:
      array: The array W, ``[D_0, D_1, ...]``.
      covariances: The covariances of the axes.
      order: The axes to update.
      ridge: The number that keeps the covariances regular.

    >>> flip_flop(jnp.array([[3.0]]), {0: jnp.eye(1)}, (0,), 0.1)
    {0: Array([[9.]], dtype=float32)}
    """
    covariances = dict(covariances)
    for axis in order:
        others = {other: matrix for other, matrix in covariances.items() if other != axis}
        rows = _unfold(whiten(array, _factors(others, ridge)), axis)
        moment = jnp.matmul(rows, rows.T, precision='highest') / rows.shape[1]
        variance = jnp.mean(jnp.diagonal(moment))
        if axis != order[-1]:
            moment = moment / divisor(variance)
        sound = jnp.isfinite(moment).all() & (variance > 0)
        covariances[axis] = jnp.where(sound, moment, covariances[axis])
    return covariances


def whiten(array: Float[Array, '*D'], factors: Covariances) -> Float[Array, '*D']:
    """Multiply by ``L^-1`` along every axis that has a lower Cholesky factor L.

    >>> whiten(jnp.array([[2.0, 4.0]]), {1: jnp.diag(jnp.array([1.0, 2.0]))}).tolist()
    [[2.0, 2.0]]
    """
    for axis, factor in factors.items():
        rows = solve_triangular(factor, _unfold(array, axis), lower=True)
        moved = jnp.moveaxis(array, axis, 0).shape
        array = jnp.moveaxis(rows.reshape(moved), 0, axis)
    return array


def _factors(
    covariances: Covariances, ridge: ArrayLike = 0.0, floor: ArrayLike = 0.0
) -> Covariances:
    """The lower Cholesky factors of the covariances, after these are made regular."""
    factors, last = {}, next(reversed(covariances), None)
    for axis, matrix in covariances.items():
        eye = jnp.eye(len(matrix), dtype=matrix.dtype)
        variance = jnp.mean(jnp.diagonal(matrix))
        shrunk = (matrix + ridge * variance * eye) / (1 + ridge)
        shrunk = shrunk + (floor * eye if axis == last else 0.0)
        factors[axis] = jnp.linalg.cholesky(shrunk.astype(matrix.dtype))
    return factors


def _unfold(array: Array, axis: int) -> Array:
    return jnp.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
