"""Loss functions that optax does not have, and means of losses over labelled examples."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Shaped

from mtljax._numeric import divide
from mtljax.base import Array
from mtljax.options import check_option

_Arrays = Array | np.ndarray
_LEAST_AREA = 1e-12


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
    _check_shapes('absolute_error', prediction, target)
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
    _check_shapes('smooth_l1', prediction, target)
    check_option('beta', beta, 'a finite number > 0', lambda value: value > 0)
    error = abs(jnp.asarray(prediction) - jnp.asarray(target))
    inner = jnp.minimum(error, beta)
    return inner * (error - inner / 2) / beta


def iou_loss(prediction: ArrayLike, target: ArrayLike) -> Float[Array, '...']:
    """The IoU loss of two boxes: one minus their intersection over union (IoU), in [0, 1].

    A box is four numbers in any unit: centre x, centre y, width and height. For boxes A and B the
    loss is ``1 - |A & B| / |A | B|``, where ``|...|`` is the area, ``A & B`` the intersection and
    ``A | B`` the union. A width or height below 0 counts as 0. The divisor is at least 1e-12, so
    the loss of two empty boxes is 1. For boxes that do not overlap, the gradient of this loss is 0.
    `giou_loss` has a non-zero gradient there.

    Args:
      prediction: Boxes, ``[B, ..., 4]``.
      target: Boxes of the same shape.

    Returns:
      The loss of every box, ``[B, ...]``, float32 or wider.

    Raises:
      ValueError: The shapes differ, or the last axis does not have 4 entries.

    >>> iou_loss(jnp.array([[1.0, 1, 2, 2]]), jnp.array([[2.0, 1, 2, 2]])).tolist()
    [0.666...]
    """
    shared, union, _ = _areas('iou_loss', prediction, target)
    return 1 - shared / jnp.maximum(union, _LEAST_AREA)


def giou_loss(prediction: ArrayLike, target: ArrayLike) -> Float[Array, '...']:
    """The generalised IoU loss of two boxes, in [0, 2].

    A box is four numbers in any unit: centre x, centre y, width and height. IoU is the intersection
    over union. For boxes A and B, and the smallest box C around both, the loss is
    ``1 - IoU + (|C| - |A | B|) / |C|``, where ``|...|`` is the area and ``A | B`` the union
    (Rezatofighi, Tsoi, Gwak, Sadeghian, Reid, Savarese, CVPR 2019,
    https://arxiv.org/abs/1902.09630).

    If the boxes do not overlap, the gradient of `iou_loss` is 0, but the gradient of this loss
    pulls the boxes together. This gradient is small if the boxes are far apart. If that is common,
    add `absolute_error` to the loss.

    Args:
      prediction: Boxes, ``[B, ..., 4]``.
      target: Boxes of the same shape.

    Returns:
      The loss of every box, ``[B, ...]``, float32 or wider.

    Raises:
      ValueError: The shapes differ, or the last axis does not have 4 entries.

    >>> giou_loss(jnp.array([[1.0, 1, 2, 2]]), jnp.array([[5.0, 1, 2, 2]])).tolist()
    [1.333...]
    """
    shared, union, hull = _areas('giou_loss', prediction, target)
    gap = (hull - union) / jnp.maximum(hull, _LEAST_AREA)
    return 1 - shared / jnp.maximum(union, _LEAST_AREA) + gap


def _areas(name: str, prediction: ArrayLike, target: ArrayLike) -> tuple[Array, Array, Array]:
    """The areas of the intersection, of the union, and of the smallest box around both boxes."""
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
    return low, high, _area(high - low)  # not from size, so that equal boxes have an IoU of 1


def _area(size: Array) -> Array:
    size = jnp.maximum(size, 0)
    return size[..., 0] * size[..., 1]


def _check_shapes(name: str, prediction: ArrayLike, target: ArrayLike) -> None:
    if jnp.shape(prediction) != jnp.shape(target):
        raise ValueError(
            f'{name} expects equal shapes. '
            f'Found prediction {jnp.shape(prediction)} and target {jnp.shape(target)}.'
        )


def masked_sum(
    values: Shaped[_Arrays, 'B *inner'],
    mask: Bool[_Arrays, '*_'],
    weight: Float[_Arrays, '*_'] | None = None,
) -> Float[Array, '']:
    """The sum of the losses of all labelled examples, in float32 or a wider dtype.

    The result is ``sum_i mask_i weight_i mean_j values_ij``. Here i is an index over the entries of
    the mask, and j is an index over the losses that belong to one entry of the mask. For example,
    with one loss per pixel and a mask of shape ``[B]``, the losses of the pixels of each example
    are averaged first.

    Args:
      values: One loss per example, ``[B]``, or several losses per example, ``[B, ...]``.
      mask: Booleans, True where a label exists. The shape is ``[B]``, or the first two or more axes
        of ``values``, such as ``[B, height, width]`` for one label per pixel.
      weight: The weight of each label, in the shape of the mask. By default it is 1.

    Raises:
      ValueError: The shape of the mask differs from the first axes of the shape of ``values``.

    >>> masked_sum(jnp.array([1.0, 2.0, jnp.nan]), jnp.array([True, True, False])).item()
    3.0
    """
    if values.shape[: mask.ndim] != mask.shape:
        raise ValueError(
            f'mask should have the leading shape of the losses, {values.shape}. Found {mask.shape}.'
        )
    dtype = jnp.result_type(jnp.float32, values.dtype)
    inner = math.prod(values.shape[mask.ndim :])
    values = values.astype(dtype)
    if weight is not None:
        values = values * expand(weight, values)
    return jnp.sum(values, where=expand(mask, values), initial=0) / inner


def label_count(
    mask: Bool[_Arrays, '*_'], weight: Float[_Arrays, '*_'] | None = None
) -> Float[Array, '']:
    """The number of labels, ``sum_i mask_i weight_i``, in float32.

    Args:
      mask: Booleans, True where a label exists.
      weight: The weight of each label, in the shape of the mask. By default it is 1.

    >>> label_count(jnp.array([True, True, False]), jnp.array([0.5, 2.0, 1.0])).item()
    2.5
    """
    if weight is None:
        return jnp.sum(mask).astype(jnp.float32)
    return jnp.sum(weight, where=mask, initial=0).astype(jnp.float32)


def masked_mean(
    values: Shaped[_Arrays, 'B *inner'],
    mask: Bool[_Arrays, '*_'],
    weight: Float[_Arrays, '*_'] | None = None,
) -> Float[Array, '']:
    """The mean of the losses of all labelled examples; 0 if no example has a label.

    The result is `masked_sum` divided by `label_count`.

    Args:
      values: One loss per example, ``[B]``, or several losses per example, ``[B, ...]``.
      mask: Booleans, True where a label exists. The shape is as in `masked_sum`.
      weight: The weight of each label, in the shape of the mask. By default it is 1.

    >>> masked_mean(jnp.array([1.0, 2.0, jnp.nan]), jnp.array([True, True, False])).item()
    1.5
    """
    return divide(masked_sum(values, mask, weight), label_count(mask, weight))


def labelled(prediction: Any, target: Any, mask: Bool[_Arrays, 'B *_']) -> tuple[Any, Any]:
    """Prepare prediction and target for a loss, so that missing labels have no effect on gradients.

    Where a label is missing, the target becomes 0, and the gradient with respect to the prediction
    is 0. To multiply the loss by the mask is not enough, because the derivative of the loss may be
    infinite or NaN, and its product with 0 is NaN.

    Args:
      prediction: A tree of arrays ``[B, ...]``.
      target: A tree of arrays ``[B, ...]``.
      mask: Booleans ``[B, ...]``, True where a label exists.

    Returns:
      The prediction and the target to pass to the loss.

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


def expand(mask: Shaped[_Arrays, 'B *_'], leaf: Shaped[_Arrays, 'B *_']) -> Shaped[_Arrays, 'B *_']:
    """Add axes of size 1 to a mask or to weights, so that they broadcast against an array.

    If the shape of the mask differs from the first axes of the shape of the array, the result has
    one entry per example. This entry is True if the mask has a True entry for the example. For
    weights, it is the largest weight of the example.

    Args:
      mask: Booleans or weights ``[B, ...]``.
      leaf: The array, ``[B, ...]``.

    >>> expand(jnp.ones(2, bool), jnp.ones((2, 3))).shape
    (2, 1)
    """
    if leaf.shape[: mask.ndim] != mask.shape:
        rows = mask.reshape(mask.shape[0], -1)
        mask = jnp.any(rows, axis=1) if mask.dtype == bool else jnp.max(rows, axis=1, initial=0)
    return mask.reshape(mask.shape + (1,) * (leaf.ndim - mask.ndim))
