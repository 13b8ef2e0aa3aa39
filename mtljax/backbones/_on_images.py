"""Images in the form that the weights of a backbone expect."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from mtljax.backbones._layers import with_channels
from mtljax.base import Array, Module
from mtljax.options import check_count, check_option, check_sizes


def on_images(
    backbone: tuple[Module, ...],
    *,
    stages: int | None = None,
    size: Sequence[int] | None = None,
    mean: float | Sequence[float] = 0.0,
    deviation: float | Sequence[float] = 1.0,
) -> tuple[Module, ...]:
    """Make a backbone prepare its input images, for example for its pretrained weights.

    The images are grey, ``[B, height, width]`` or ``[B, height, width, 1]``, or RGB,
    ``[B, height, width, 3]``. The new backbone gives a grey image three equal channels. It then
    resizes each image to ``size``, and normalises it as ``(x - mean) / deviation``.

    Args:
      backbone: The stages of the network, a tuple of modules.
      stages: The number of stages to use, counted from the first stage. By default all stages are
        used.
      size: The height and width after resizing by bilinear interpolation. By default the images
        keep their size.
      mean: The mean to subtract, one number for all channels or one for each of the three.
      deviation: The standard deviation to divide by, > 0, one number for all channels or one for
        each of the three.

    Returns:
      A tuple of modules, the stages of the new backbone. They have the same parameters as the first
      ``stages`` stages of ``backbone``.

    Raises:
      ValueError: An option is out of range, or the backbone is not a tuple of modules. ``init`` of
        a stage raises this error if the inputs are not images with one or three channels.

    >>> from mtljax import backbones
    >>> stages = on_images(backbones.resnet((4,), (1,)), size=(8, 8), mean=0.5)
    >>> params, state = stages[0].init(jax.random.key(0), jnp.ones((2, 5, 5)))
    >>> params['Conv_0']['kernel'].shape
    (3, 3, 3, 4)
    """
    if not isinstance(backbone, tuple) or not backbone:
        raise ValueError(f'backbone should be a tuple of stages. Found backbone = {backbone!r}.')
    _check(size, mean, deviation)
    if stages is not None:
        check_count('stages', stages, 1)
    count = len(backbone) if stages is None else stages
    if not 1 <= count <= len(backbone):
        raise ValueError(f'stages should be in 1..{len(backbone)}. Found stages = {stages}.')
    first, *rest = backbone[:count]

    def read(x: Array) -> Array:
        x = _rgb(x)
        if size is not None and x.shape[1:3] != tuple(size):
            x = jax.image.resize(x, (x.shape[0], *size, 3), 'bilinear')
        return (x - _channels(mean, x)) / _channels(deviation, x)

    def init(key, x):
        return first.init(key, jax.eval_shape(read, x))

    def apply(params, state, x, *, key=None, train=False):
        return first.apply(params, state, read(x), key=key, train=train)

    return (Module(init, apply), *rest)


def _check(size: Any, mean: Any, deviation: Any) -> None:
    if size is not None:
        check_sizes('size', size)
        if len(size) != 2:
            raise ValueError(f'size should be (height, width), or None. Found size = {size}.')
    check_option('mean', mean, 'a finite number, or three', _one_or_three, ndim=1)
    check_option(
        'deviation',
        deviation,
        'a number > 0, or three',
        lambda value: _one_or_three(value) & (value > 0),
        ndim=1,
    )


def _one_or_three(value):
    return value.shape in ((), (3,))


def _channels(values: Any, x: Array) -> Array:
    return jnp.broadcast_to(jnp.asarray(values, x.dtype), 3).reshape(1, 1, 1, 3)


def _rgb(x: Array) -> Array:
    x = with_channels(x, 'on_images')
    if x.shape[-1] not in (1, 3):
        raise ValueError(f'Images should have one channel or three. Found inputs {x.shape}.')
    return jnp.broadcast_to(x, (*x.shape[:-1], 3))
