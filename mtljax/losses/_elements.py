"""Losses of each number of a prediction."""

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Float, Shaped

from mtljax.base import Array
from mtljax.options import check_option


def absolute_error(prediction: ArrayLike, target: ArrayLike) -> Shaped[Array, '...']:
    """The absolute error ``|prediction - target|``, element by element.

    The derivative is 0 where prediction and target are equal.

    Args:
      prediction: An array ``[B, ...]``.
      target: An array of the same shape.

    Raises:
      ValueError: The shapes differ.

    >>> absolute_error(jnp.array([1.0, 2.0]), jnp.array([3.0, 2.0])).tolist()
    [2.0, 0.0]
    """
    check_shapes('absolute_error', prediction, target)
    error = jnp.asarray(prediction) - jnp.asarray(target)
    return error * jnp.sign(error)  # the derivative of jnp.abs at 0 is 1


def smooth_l1(
    prediction: ArrayLike, target: ArrayLike, beta: ArrayLike = 1.0
) -> Float[Array, '...']:
    """The smooth L1 loss, element by element: quadratic for small errors, linear for large errors.

    For the error ``d = prediction - target``, the loss is ``d^2 / (2 beta)`` where ``|d| < beta``,
    and ``|d| - beta / 2`` elsewhere. This is a Huber loss divided by ``beta``, so the slope for
    large errors is 1 (Girshick, Fast R-CNN, ICCV 2015, https://arxiv.org/abs/1504.08083).

    Args:
      prediction: An array ``[B, ...]``.
      target: An array of the same shape.
      beta: The size of the error at which the loss changes from quadratic to linear. It should be
        above 0.

    Raises:
      ValueError: The shapes differ, or ``beta`` is not positive.

    >>> smooth_l1(jnp.array([0.5, -3.0]), jnp.zeros(2)).tolist()
    [0.125, 2.5]
    """
    check_shapes('smooth_l1', prediction, target)
    check_option('beta', beta, 'a finite number > 0', lambda value: value > 0)
    error = abs(jnp.asarray(prediction) - jnp.asarray(target))
    inner = jnp.minimum(error, beta)
    return inner * (error - inner / 2) / beta


def check_shapes(name: str, prediction: ArrayLike, target: ArrayLike) -> None:
    """Raise a ValueError unless a prediction has the shape of its target."""
    if jnp.shape(prediction) != jnp.shape(target):
        raise ValueError(
            f'{name} expects equal shapes. '
            f'Found prediction {jnp.shape(prediction)} and target {jnp.shape(target)}.'
        )
