"""Per-example losses that optax lacks, and the masked mean that makes one number of them."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax.base import Array


def absolute_error(prediction: ArrayLike, target: ArrayLike) -> Array:
    """``|prediction - target|``, element by element; 0 is its derivative where they are equal.

    Raises:
      ValueError: the shapes differ.

    >>> absolute_error(jnp.array([1.0, 2.0]), jnp.array([3.0, 2.0])).tolist()
    [2.0, 0.0]
    """
    if jnp.shape(prediction) != jnp.shape(target):
        raise ValueError(
            'absolute_error expects equal shapes. '
            f'Found prediction {jnp.shape(prediction)} and target {jnp.shape(target)}.'
        )
    error = jnp.asarray(prediction) - jnp.asarray(target)
    return error * jnp.sign(error)  # the derivative of jnp.abs at 0 is 1


def masked_sum(values: Array, mask: Array) -> Array:
    """``sum_i mask_i mean_j values_ij``: the sum over labelled rows, float32 at least.

    Args:
      values: ``[B, ...]``, one loss per example, or per example and pixel.
      mask: boolean, ``[B]`` or a longer prefix of the shape of ``values``.

    >>> masked_sum(jnp.array([1.0, 2.0, jnp.nan]), jnp.array([True, True, False])).item()
    3.0
    """
    dtype = jnp.result_type(jnp.float32, values.dtype)
    inner = math.prod(values.shape[mask.ndim :])
    return jnp.sum(values.astype(dtype), where=expand(mask, values), initial=0) / inner


def masked_mean(values: Array, mask: Array) -> Array:
    """The mean over labelled rows; 0 when there is none.

    >>> masked_mean(jnp.array([1.0, 2.0, jnp.nan]), jnp.array([True, True, False])).item()
    1.5
    """
    count = jnp.sum(mask)
    return jnp.where(count > 0, masked_sum(values, mask) / jnp.maximum(count, 1), 0)


def labelled(prediction: Any, target: Any, mask: Array) -> tuple[Any, Any]:
    """Cut the rows without a label out of a loss before anything is differentiated.

    Unlabelled targets become 0, and no gradient reaches an unlabelled prediction, even where the
    loss has none: 0 times NaN cannot arise.

    Args:
      prediction: a tree of ``[B, ...]``.
      target: a tree of ``[B, ...]``.
      mask: boolean, ``[B, ...]``.

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


def expand(mask: Array, leaf: Array) -> Array:
    """The mask in the rank of ``leaf``: by prefix, or by row where the shapes part ways.

    >>> expand(jnp.ones(2, bool), jnp.ones((2, 3))).shape
    (2, 1)
    """
    if leaf.shape[: mask.ndim] != mask.shape:
        mask = mask.reshape(mask.shape[0], -1).any(axis=1)
    return mask.reshape(mask.shape + (1,) * (leaf.ndim - mask.ndim))
