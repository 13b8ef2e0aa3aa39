"""Residual networks."""

from collections.abc import Sequence
from os import PathLike
from typing import Literal

import jax.numpy as jnp
import numpy as np

from mtljax.backbones._layers import check_norm
from mtljax.backbones._pretrained import Rename, pretrained
from mtljax.backbones._residual import Residual, Stem
from mtljax.base import Module
from mtljax.module import from_linen
from mtljax.options import check_count

_DEPTHS = {18: ((2, 2, 2, 2), False), 34: ((3, 4, 6, 3), False), 50: ((3, 4, 6, 3), True)}


def resnet(
    widths: int | Sequence[int] = (16, 32, 64),
    blocks: Sequence[int] | None = None,
    *,
    norm: Literal['batch', 'group'] = 'batch',
    groups: int = 8,
    standardise: bool = False,
    stem: Literal['small', 'large'] | None = None,
    bottleneck: bool | None = None,
    output_stride: int | None = None,
    weights: str | PathLike | None = None,
    axis_name: str | None = None,
    dtype: jnp.dtype | None = None,
) -> tuple[Module, ...]:
    """Residual blocks, ``relu(shortcut(x) + f(x))`` (He, Zhang, Ren, Sun, CVPR 2016).

    https://arxiv.org/abs/1512.03385. ``resnet(18)``, ``resnet(34)`` and ``resnet(50)`` are the
    networks of those depths, laid out as in torchvision: the stride of a bottleneck is in its 3x3
    convolution, and both sides of an image are padded alike.

    Weights for ImageNet expect RGB images with values in ``[0, 1]``, from which the mean ``(0.485,
    0.456, 0.406)`` is taken, divided by ``(0.229, 0.224, 0.225)``; torchvision's are trained at 224
    by 224, any size is read. mtljax ships none: save ``state_dict()`` of torchvision's network.

    Args:
      widths: the channels of each stage; every one after the first halves height and width. Or 18,
        34 or 50: widths 64, 128, 256, 512 and the blocks, stem and bottlenecks of that depth.
      blocks: how many residual blocks each stage has; one when left out.
      norm: ``'batch'``: running statistics (momentum 0.9, float32) lie in the state; those of the
        batch are used, and recorded, when ``train=True``. ``'group'``: no state.
      groups: of the channels, for group norm.
      standardise: convolutions with kernels of mean 0 and variance 1 for each output channel, as
        goes with group norm (Qiao et al., 2019, https://arxiv.org/abs/1903.10520).
      stem: ``'small'``: a 3x3 convolution that keeps the size; ``'large'``: 7x7 with stride 2, then
        max pooling with stride 2. Large for a depth, else small, when left out.
      bottleneck: 1x1, 3x3 and 1x1 convolutions to four times the width, not two 3x3.
      output_stride: height and width shrink by this factor at most, 8 or 16 for dense prediction;
        stages that would go on keep the size and dilate their 3x3 convolutions instead.
      weights: the path of a PyTorch checkpoint in torchvision's names, read when the backbone is
        made; ``init`` returns it, batch statistics in the state. See `mtljax.backbones`.
      axis_name: the mapped axis over whose devices batch statistics are averaged while training.
      dtype: of the computation; float32, that of the parameters, when left out.

    Returns:
      ``1 + len(widths)`` stages, the stem first, from ``[B, height, width]`` or ``[B, height,
      width, channels]`` to a feature map ``[B, height', width', channels']``.

    Raises:
      ValueError: an option out of range, or a file that cannot be read or does not fit; at init,
        inputs that are no images, or that the weights do not fit.

    >>> import jax
    >>> stages = resnet((4, 8), (1, 1))
    >>> stem = stages[0].init(jax.random.key(0), jnp.ones((2, 8, 8)))
    >>> len(stages), stages[0].apply(*stem, jnp.ones((2, 8, 8)))[0].shape
    (3, (2, 8, 8, 4))
    """
    widths, blocks, stem, bottleneck = _layout(widths, blocks, stem, bottleneck)
    _check(widths, blocks, norm, groups, stem)
    options = {
        'norm': norm,
        'groups': groups,
        'standardise': bool(standardise),
        'axis_name': axis_name,
        'dtype': dtype,
    }
    first = Stem(width=widths[0], large=stem == 'large', **options)
    rows = _strides(len(widths), 4 if stem == 'large' else 1, output_stride)
    stages = [
        Residual(
            width=width,
            blocks=count,
            stride=stride,
            dilation=dilation,
            bottleneck=bottleneck,
            **options,
        )
        for width, count, (stride, dilation) in zip(widths, blocks, rows, strict=True)
    ]
    made = tuple(from_linen(stage) for stage in (first, *stages))
    if weights is None:
        return made
    if norm != 'batch':
        raise ValueError(f"weights are read for norm = 'batch'. Found norm = {norm!r}.")
    owned = [('conv1.', 'bn1.'), *((f'layer{at}.',) for at in range(1, len(made)))]
    return pretrained(made, weights, _torchvision(3 if bottleneck else 2), owned, drop=('fc.',))


def _layout(widths, blocks, stem, bottleneck):
    """Widths, blocks, stem and bottleneck with what is left out filled in."""
    if isinstance(widths, int | np.integer):
        if widths not in _DEPTHS or blocks is not None:
            raise ValueError(
                f'A depth is one of {list(_DEPTHS)}, without blocks; widths are a sequence. '
                f'Found widths = {widths}, blocks = {blocks}.'
            )
        blocks, deep = _DEPTHS[int(widths)]
        widths, stem = (64, 128, 256, 512), stem or 'large'
        bottleneck = deep if bottleneck is None else bottleneck
    blocks = (1,) * len(widths) if blocks is None else blocks
    return widths, blocks, stem or 'small', bool(bottleneck)


def _strides(count, stride, output_stride):
    """The stride and the dilations (first block, others) of every stage."""
    most = stride * 2 ** (count - 1)
    allowed = [stride * 2**index for index in range(count)]
    if output_stride is not None and output_stride not in allowed:
        raise ValueError(
            f'output_stride should be one of {allowed}, from the stem on. '
            f'Found output_stride = {output_stride}.'
        )
    rows, before = [(1, (1, 1))], 1
    for _ in range(1, count):
        stays = stride == (output_stride or most)
        dilation = 2 * before if stays else 1
        rows.append((1 if stays else 2, (before, dilation)))
        stride, before = stride if stays else 2 * stride, dilation
    return rows


def _torchvision(last: int) -> Rename:
    """Names in torchvision of what lies in a stage; the convolution ``last`` is the shortcut's."""

    def rename(stage, path):
        *block, layer, leaf = path
        kind, number = layer.split('_')
        name = {'Conv': 'conv', 'BatchNorm': 'bn'}[kind] + str(int(number) + 1)
        if not block:
            return f'{name}.{leaf}'
        if int(number) == last:
            name = {'Conv': 'downsample.0', 'BatchNorm': 'downsample.1'}[kind]
        return f'layer{stage}.{block[0].removeprefix("_Block_")}.{name}.{leaf}'

    return rename


def _check(widths, blocks, norm, groups, stem):
    for name, sizes in (('widths', widths), ('blocks', blocks)):
        for size in sizes:
            check_count(name, size, 1)
    if not widths or len(widths) != len(blocks):
        raise ValueError(
            'widths and blocks should have one entry per stage. '
            f'Found widths = {widths}, blocks = {blocks}.'
        )
    if stem not in ('small', 'large'):
        raise ValueError(f"stem should be 'small' or 'large'. Found stem = {stem!r}.")
    check_norm(norm, groups, widths)
