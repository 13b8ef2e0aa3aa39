"""Per-example losses that optax lacks, and their mean over labelled rows."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Shaped

from mtljax.base import Array
from mtljax.options import check_option

_Arrays = Array | np.ndarray
_LEAST_AREA = 1e-12


def absolute_error(prediction: ArrayLike, target: ArrayLike) -> Shaped[Array, '...']:
    """``|prediction - target|``, element by element; where they are equal, its derivative is 0.

    Raises:
      ValueError: The shapes differ.

    >>> absolute_error(jnp.array([1.0, 2.0]), jnp.array([3.0, 2.0])).tolist()
    [2.0, 0.0]
    """
    _check_shapes('absolute_error', prediction, target)
    error = jnp.asarray(prediction) - jnp.asarray(target)
    return error * jnp.sign(error)  # the derivative of jnp.abs at 0 is 1


def smooth_l1(
    prediction: ArrayLike, target: ArrayLike, beta: ArrayLike = 1.0
) -> Float[Array, '...']:
    """``d^2 / (2 beta)`` where ``|d| < beta``, else ``|d| - beta / 2``, element by element.

    ``d = prediction - target``; a Huber loss divided by ``beta``, whose slope far from the target
    is 1 (Girshick, Fast R-CNN, ICCV 2015, https://arxiv.org/abs/1504.08083).

    Args:
      prediction: ``[B, ...]``.
      target: An array of the same shape.
      beta: The error where the parabola ends, > 0.

    Raises:
      ValueError: The shapes differ, or ``beta`` is not positive.

    >>> smooth_l1(jnp.array([0.5, -3.0]), jnp.zeros(2)).tolist()
    [0.125, 2.5]
    """
    _check_shapes('smooth_l1', prediction, target)
    check_option('beta', beta, 'a finite number > 0', lambda value: value > 0)
    error = abs(jnp.asarray(prediction) - jnp.asarray(target))
    inner = jnp.minimum(error, beta)
    return inner * (error - inner / 2) / beta


def iou_loss(prediction: ArrayLike, target: ArrayLike) -> Float[Array, '...']:
    """``1 - |A & B| / |A | B|`` of two boxes, in [0, 1].

    A box is centre x, centre y, width, height in any unit; sizes below 0 count as 0, and a union
    below 1e-12 as 1e-12, so that empty boxes have loss 1. Boxes that do not meet have no gradient:
    see `giou_loss`.

    Args:
      prediction: ``[B, ..., 4]``.
      target: An array of the same shape.

    Returns:
      ``[B, ...]``, float32 at least.

    Raises:
      ValueError: The shapes differ, or do not end in 4.

    >>> iou_loss(jnp.array([[1.0, 1, 2, 2]]), jnp.array([[2.0, 1, 2, 2]])).tolist()
    [0.666...]
    """
    shared, union, _ = _areas('iou_loss', prediction, target)
    return 1 - shared / jnp.maximum(union, _LEAST_AREA)


def giou_loss(prediction: ArrayLike, target: ArrayLike) -> Float[Array, '...']:
    """``1 - IoU + (|C| - |A | B|) / |C|`` of two boxes, in [0, 2]; C is the least box around both.

    Boxes and areas are those of `iou_loss`; boxes that do not meet attract each other. Far from the
    target its slopes are small: add `absolute_error` (Rezatofighi, Tsoi, Gwak, Sadeghian, Reid,
    Savarese, CVPR 2019, https://arxiv.org/abs/1902.09630).

    Args:
      prediction: ``[B, ..., 4]``.
      target: An array of the same shape.

    Returns:
      ``[B, ...]``, float32 at least.

    Raises:
      ValueError: The shapes differ, or do not end in 4.

    >>> giou_loss(jnp.array([[1.0, 1, 2, 2]]), jnp.array([[5.0, 1, 2, 2]])).tolist()
    [1.333...]
    """
    shared, union, hull = _areas('giou_loss', prediction, target)
    gap = (hull - union) / jnp.maximum(hull, _LEAST_AREA)
    return 1 - shared / jnp.maximum(union, _LEAST_AREA) + gap


def _areas(name: str, prediction: ArrayLike, target: ArrayLike) -> tuple[Array, Array, Array]:
    """The areas of the intersection, the union and the least box around both."""
    _check_shapes(name, prediction, target)
    if jnp.shape(prediction)[-1:] != (4,):
        raise ValueError(f'{name} expects boxes [B, ..., 4]. Found {jnp.shape(prediction)}.')
    (low, high, area), (other_low, other_high, other_area) = _sides(prediction), _sides(target)
    shared = _area(jnp.minimum(high, other_high) - jnp.maximum(low, other_low))
    hull = _area(jnp.maximum(high, other_high) - jnp.minimum(low, other_low))
    return shared, area + other_area - shared, hull


def _sides(box: ArrayLike) -> tuple[Array, Array, Array]:
    box = jnp.asarray(box)
    box = box.astype(jnp.result_type(jnp.float32, box.dtype))
    centre, size = box[..., :2], jnp.maximum(box[..., 2:], 0)
    low, high = centre - size / 2, centre + size / 2
    return low, high, _area(high - low)  # of the sides: equal boxes then have IoU 1 exactly


def _area(size: Array) -> Array:
    size = jnp.maximum(size, 0)
    return size[..., 0] * size[..., 1]


def _check_shapes(name: str, prediction: ArrayLike, target: ArrayLike) -> None:
    if jnp.shape(prediction) != jnp.shape(target):
        raise ValueError(
            f'{name} expects equal shapes. '
            f'Found prediction {jnp.shape(prediction)} and target {jnp.shape(target)}.'
        )


def masked_sum(values: Shaped[_Arrays, 'B *inner'], mask: Bool[_Arrays, '*_']) -> Float[Array, '']:
    """``sum_i mask_i mean_j values_ij``: the sum over labelled rows, float32 at least.

    Args:
      values: ``[B, ...]``, one loss per example, or one per pixel of each example.
      mask: Booleans ``[B]``, or of a longer prefix of the shape of ``values``.

    Raises:
      ValueError: The shape of the mask is not such a prefix.

    >>> masked_sum(jnp.array([1.0, 2.0, jnp.nan]), jnp.array([True, True, False])).item()
    3.0
    """
    if values.shape[: mask.ndim] != mask.shape:
        raise ValueError(
            f'mask should have the leading shape of the losses, {values.shape}. Found {mask.shape}.'
        )
    dtype = jnp.result_type(jnp.float32, values.dtype)
    inner = math.prod(values.shape[mask.ndim :])
    return jnp.sum(values.astype(dtype), where=expand(mask, values), initial=0) / inner


def masked_mean(values: Shaped[_Arrays, 'B *inner'], mask: Bool[_Arrays, '*_']) -> Float[Array, '']:
    """The mean over labelled rows; 0 if there is no labelled row.

    >>> masked_mean(jnp.array([1.0, 2.0, jnp.nan]), jnp.array([True, True, False])).item()
    1.5
    """
    count = jnp.sum(mask)
    return jnp.where(count > 0, masked_sum(values, mask) / jnp.maximum(count, 1), 0)


def labelled(prediction: Any, target: Any, mask: Bool[_Arrays, 'B *_']) -> tuple[Any, Any]:
    """Remove rows without a label from a loss before differentiation.

    Unlabelled targets become 0, and no gradient reaches an unlabelled prediction, even if the
    derivative of the loss is not finite: 0 times NaN cannot occur.

    Args:
      prediction: A tree of arrays ``[B, ...]``.
      target: A tree of arrays ``[B, ...]``.
      mask: Booleans ``[B, ...]``.

    >>> prediction, target = jnp.array([1.0, 2.0]), jnp.array([jnp.nan, 3.0])
    >>> labelled(prediction, target, jnp.array([False, True]))[1].tolist()
    [0.0, 3.0]
    """

    def keep(leaf):
        rows = expand(mask, leaf)
        return jnp.where(rows, leaf, jax.lax.stop_gradient(leaf))

    def clean(leaf):
        leaf = jnp.asarray(leaf)
        return jnp.where(expand(mask, leaf), leaf, jnp.zeros((), leaf.dtype))

    return jax.tree.map(keep, prediction), jax.tree.map(clean, target)


def expand(mask: Bool[_Arrays, 'B *_'], leaf: Shaped[_Arrays, 'B *_']) -> Bool[_Arrays, 'B *_']:
    """The mask with the rank of ``leaf``; if its shape is not a prefix, one entry per row.

    >>> expand(jnp.ones(2, bool), jnp.ones((2, 3))).shape
    (2, 1)
    """
    if leaf.shape[: mask.ndim] != mask.shape:
        mask = jnp.any(mask.reshape(mask.shape[0], -1), axis=1)
    return mask.reshape(mask.shape + (1,) * (leaf.ndim - mask.ndim))
