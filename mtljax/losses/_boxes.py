"""Losses of boxes."""

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Float

from mtljax.base import Array
from mtljax.losses._elements import check_shapes

_LEAST_AREA = 1e-12


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
    check_shapes(name, prediction, target)
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
