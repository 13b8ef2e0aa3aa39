"""Residual networks."""

from collections.abc import Sequence
from typing import Literal

import jax.numpy as jnp

from mtljax.backbones._residual import Residual, Stem
from mtljax.base import Module
from mtljax.module import from_linen
from mtljax.options import check_count


def resnet(
    widths: Sequence[int] = (16, 32, 64),
    blocks: Sequence[int] = (1, 1, 1),
    *,
    norm: Literal['batch', 'group'] = 'batch',
    groups: int = 8,
    stem: Literal['small', 'large'] = 'small',
    bottleneck: bool = False,
    axis_name: str | None = None,
    dtype: jnp.dtype | None = None,
) -> tuple[Module, ...]:
    """Residual blocks, ``relu(shortcut(x) + f(x))`` (He, Zhang, Ren, Sun, CVPR 2016).

    https://arxiv.org/abs/1512.03385. ResNet-18 is ``resnet((64, 128, 256, 512), (2, 2, 2, 2),
    stem='large')``; ResNet-50 ``resnet((64, 128, 256, 512), (3, 4, 6, 3), stem='large',
    bottleneck=True)``, with the stride in the 3x3 convolution.

    Args:
      widths: the channels of each stage; every one after the first halves height and width.
      blocks: how many residual blocks each stage has.
      norm: ``'batch'``: running statistics (momentum 0.9, float32) lie in the state; those of the
        batch are used, and recorded, when ``train=True``. ``'group'``: no state.
      groups: of the channels, for group norm.
      stem: ``'small'``: a 3x3 convolution that keeps the size; ``'large'``: 7x7 with stride 2, then
        max pooling with stride 2.
      bottleneck: 1x1, 3x3 and 1x1 convolutions to four times the width, not two 3x3.
      axis_name: the mapped axis over whose devices batch statistics are averaged while training.
      dtype: of the computation; float32, that of the parameters, when left out.

    Returns:
      ``1 + len(widths)`` stages, the stem first, from ``[B, height, width]`` or ``[B, height,
      width, channels]`` to a feature map ``[B, height', width', channels']``.

    Raises:
      ValueError: an option out of range; at init, inputs that are no images.

    >>> import jax
    >>> stages = resnet((4, 8), (1, 1))
    >>> stem = stages[0].init(jax.random.key(0), jnp.ones((2, 8, 8)))
    >>> len(stages), stages[0].apply(*stem, jnp.ones((2, 8, 8)))[0].shape
    (3, (2, 8, 8, 4))
    """
    _check(widths, blocks, norm, groups, stem)
    options = {'norm': norm, 'groups': groups, 'axis_name': axis_name, 'dtype': dtype}
    first = Stem(width=widths[0], large=stem == 'large', **options)
    stages = [
        Residual(
            width=width,
            blocks=count,
            stride=1 if index == 0 else 2,
            bottleneck=bottleneck,
            **options,
        )
        for index, (width, count) in enumerate(zip(widths, blocks, strict=True))
    ]
    return tuple(from_linen(stage) for stage in (first, *stages))


def _check(widths, blocks, norm, groups, stem):
    for name, sizes in (('widths', widths), ('blocks', blocks), ('groups', [groups])):
        for size in sizes:
            check_count(name, size, 1)
    if not widths or len(widths) != len(blocks):
        raise ValueError(
            'widths and blocks should have one entry per stage. '
            f'Found widths = {widths}, blocks = {blocks}.'
        )
    if norm not in ('batch', 'group') or stem not in ('small', 'large'):
        raise ValueError(
            "norm should be 'batch' or 'group', stem 'small' or 'large'. "
            f'Found norm = {norm!r}, stem = {stem!r}.'
        )
    if norm == 'group' and any(width % groups for width in widths):
        raise ValueError(
            f'groups should divide every width. Found groups = {groups}, widths = {widths}.'
        )
