"""Sums and means over the labels that are there."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Shaped

from mtljax._numeric import divide
from mtljax.base import Array

_Arrays = Array | np.ndarray


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
