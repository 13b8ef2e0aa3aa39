"""Images as a backbone wants them."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from mtljax.backbones._layers import with_channels
from mtljax.base import Array, Module
from mtljax.options import check_option, check_sizes


def on_images(
    backbone: tuple[Module, ...],
    *,
    stages: int | None = None,
    size: Sequence[int] | None = None,
    mean: float | Sequence[float] = 0.0,
    deviation: float | Sequence[float] = 1.0,
) -> tuple[Module, ...]:
    """A backbone whose first stage gets grey or RGB images as its weights expect them.

    ``x -> (resize(rgb(x)) - mean) / deviation``: a grey image becomes one of three equal channels.

    Args:
      backbone: a tuple of stages.
      stages: how many of them are used, from the first on; all when left out.
      size: ``(height, width)``, by bilinear interpolation; that of the images when left out.
      mean: what is taken away, of all channels or of each of the three.
      deviation: what is then divided by, > 0.

    Returns:
      The stages, with the same parameters.

    Raises:
      ValueError: an option out of range, or a backbone that is no tuple of stages; at init, inputs
        that are no images of one or three channels.

    >>> from mtljax import backbones
    >>> stages = on_images(backbones.resnet((4,), (1,)), size=(8, 8), mean=0.5)
    >>> params, state = stages[0].init(jax.random.key(0), jnp.ones((2, 5, 5)))
    >>> params['Conv_0']['kernel'].shape
    (3, 3, 3, 4)
    """
    if not isinstance(backbone, tuple) or not backbone:
        raise ValueError(f'backbone should be a tuple of stages. Found backbone = {backbone!r}.')
    _check(size, mean, deviation)
    count = len(backbone) if stages is None else stages
    if not 1 <= count <= len(backbone):
        raise ValueError(f'The backbone has {len(backbone)} stages. Found stages = {stages}.')
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
        lambda found: _one_or_three(found) & (found > 0),
        ndim=1,
    )


def _one_or_three(found):
    return found.shape in ((), (3,))


def _channels(values: Any, x: Array) -> Array:
    return jnp.broadcast_to(jnp.asarray(values, x.dtype), 3).reshape(1, 1, 1, 3)


def _rgb(x: Array) -> Array:
    x = with_channels(x, 'on_images')
    if x.shape[-1] not in (1, 3):
        raise ValueError(f'on_images reads one channel or three. Found inputs {x.shape}.')
    return jnp.broadcast_to(x, (*x.shape[:-1], 3))
