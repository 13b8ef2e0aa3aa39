"""A random augmentation of scenes on the device: zoom and mirror."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from mtljax.base import Array, Batch, Key
from mtljax.options import check_option

_TASKS = ('segmentation', 'depth', 'normal')


class _Axis(NamedTuple):
    """The source of the pixels of one axis, ``[size]`` each."""

    nearest: Array
    low: Array
    high: Array
    weight: Array  # of high


def augment_scenes(
    *, scales: Sequence[float] = (1.0, 1.2, 1.5), inverse_depth: bool = False
) -> Callable[[Key, Batch], Batch]:
    """An augmentation that zooms into scenes of `nyuv2` or `cityscapes` and mirrors half of them.

    For every scene, a scale is drawn at random. A random crop with ``1 / scale`` of the height and
    of the width is enlarged to the size of the image. Images and surface normals are enlarged by
    bilinear interpolation, with aligned corners. Labels, depth, masks and weights are enlarged
    without interpolation: row i of the result is row ``floor(i h / H)`` of the crop, where the crop
    has h rows and the image has H rows. The columns are chosen in the same way.

    An enlarged object seems nearer, so its depth is divided by the scale. In a mirrored scene, the
    x component of the normals changes its sign. A pixel of the result has a normal if at least one
    of the pixels that the interpolation reads has a normal. Interpolated normals are not scaled to
    length 1, because the loss and the metrics ignore their length.

    The published results on NYUv2 use this augmentation (Xu et al., PAD-Net, CVPR 2018,
    https://arxiv.org/abs/1805.04409).

    Args:
      scales: The scales to draw from, numbers >= 1. Each scale has the same probability.
      inverse_depth: Whether the depth of the data set is an inverse depth. If True, it is
        multiplied by the scale instead of divided. The published code for Cityscapes divides its
        inverse depth.

    Returns:
      A function ``(key, batch) -> batch``, for ``training.train(augment=...)``. It is pure and does
      not change shapes.

    Raises:
      ValueError: A scale is below 1. The returned function raises this error if the batch has a
        task that `nyuv2` does not have.

    >>> from mtljax import Batch
    >>> image, depth = jnp.ones((2, 8, 12, 3)), jnp.full((2, 8, 12), 3.0)
    >>> batch = Batch(image, {'depth': depth}, {'depth': jnp.ones((2, 8, 12), bool)})
    >>> augmented = jax.jit(augment_scenes(scales=(1.5,)))(jax.random.key(0), batch)
    >>> augmented.inputs.shape, augmented.targets['depth'][0, 0, 0].item()
    ((2, 8, 12, 3), 2.0)
    """
    check_option('scales', scales, 'one or more numbers >= 1, in a sequence', _is_scales, ndim=1)
    one = functools.partial(_augmented, scales=tuple(scales), inverse_depth=inverse_depth)

    def augment(key, batch):
        if not set(batch.targets) <= set(_TASKS):
            raise ValueError(
                f'The tasks of augment_scenes should be among {_TASKS}. '
                f'Found {list(batch.targets)}.'
            )
        return jax.vmap(one)(jax.random.split(key, batch.inputs.shape[0]), batch)

    return augment


def _is_scales(found):
    return found >= 1 if found.ndim == 1 and found.size else False


def _augmented(key: Key, scene: Batch, scales, inverse_depth) -> Batch:
    which, rows, columns, mirror = jax.random.split(key, 4)
    choice = jax.random.randint(which, (), 0, len(scales))
    scale, flip = jnp.asarray(scales, jnp.float32)[choice], jax.random.bernoulli(mirror)
    height, width = scene.inputs.shape[:2]
    axes = (
        _axis(rows, height, scales, choice, flip=False),
        _axis(columns, width, scales, choice, flip=flip),
    )
    targets, mask = {}, {}
    weight = {
        task: _nearest(_per_pixel(each, scene.mask[task]), axes) if each.ndim else each
        for task, each in scene.weight.items()
    }
    for task, target in scene.targets.items():
        known = scene.mask[task]
        if task == 'normal':
            rows_known = known.reshape(known.shape + (1,) * (target.ndim - known.ndim))
            target = _bilinear(jnp.where(rows_known, target, 0), axes)
            target = jnp.where(flip, target * jnp.array([[[-1, 1, 1]]], target.dtype), target)
            mask[task] = (target != 0).any(-1) if known.ndim else known
        else:
            target = _nearest(target, axes)
            mask[task] = _nearest(known, axes) if known.ndim else known
        if task == 'depth':
            target = target * scale if inverse_depth else target / scale
        targets[task] = target
    return Batch(_bilinear(scene.inputs, axes), targets, mask, weight)


def _per_pixel(weight: Array, mask: Array) -> Array:
    return jnp.broadcast_to(
        weight.reshape(weight.shape + (1,) * (mask.ndim - weight.ndim)), mask.shape
    )


def _axis(key: Key, size: int, scales, choice: Array, *, flip) -> _Axis:
    """A random part of the axis, enlarged to the whole axis."""
    length = jnp.array([int(size / scale) for scale in scales])[choice]
    start = jax.random.randint(key, (), 0, size - length + 1)
    at = jnp.arange(size)
    at = jnp.where(flip, size - 1 - at, at)
    exact = at * ((length - 1) / max(size - 1, 1))
    low = jnp.floor(exact).astype(jnp.int32)
    high = jnp.minimum(low + 1, length - 1)
    return _Axis(start + at * length // size, start + low, start + high, exact - low)


def _nearest(leaf: Array, axes: tuple[_Axis, _Axis]) -> Array:
    rows, columns = (axis.nearest for axis in axes)
    return leaf[rows[:, None], columns[None]]


def _bilinear(leaf: Array, axes: tuple[_Axis, _Axis]) -> Array:
    result = leaf
    for number, axis in enumerate(axes):
        low, high = (jnp.take(result, at, axis=number, mode='clip') for at in (axis.low, axis.high))
        weight = axis.weight.reshape([-1 if dim == number else 1 for dim in range(leaf.ndim)])
        result = low + weight * (high - low)
    return result.astype(leaf.dtype)
