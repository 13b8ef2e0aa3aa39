"""Residual networks."""

from collections.abc import Sequence
from os import PathLike
from typing import Literal

import numpy as np
from jax.typing import DTypeLike

from mtljax.backbones._layers import check_norm
from mtljax.backbones._pretrained import Rename, pretrained
from mtljax.backbones._residual import Residual, Stem
from mtljax.base import Module
from mtljax.module import from_linen
from mtljax.options import check_count, check_sizes

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
    dtype: DTypeLike | None = None,
) -> tuple[Module, ...]:
    """A residual network, with blocks ``relu(shortcut(x) + f(x))``.

    The blocks are from He, Zhang, Ren, Sun, CVPR 2016, https://arxiv.org/abs/1512.03385.
    ``resnet(18)``, ``resnet(34)`` and ``resnet(50)`` are the networks with these depths, in the
    layout of torchvision: a bottleneck has its stride in the 3x3 convolution, and the padding is
    equal on both sides of an image.

    mtljax contains no weights for this network. To use the weights of torchvision, save the
    ``state_dict()`` of a torchvision network, and pass the path of the file as ``weights``. These
    weights expect RGB images with values in ``[0, 1]``, minus the mean ``(0.485, 0.456, 0.406)``,
    divided by the standard deviation ``(0.229, 0.224, 0.225)``. They were trained with images of
    224 by 224 pixels, but images of any size are accepted.

    Args:
      widths: The number of channels of each stage, or one of the depths 18, 34 and 50. Each stage
        after the first halves height and width. A depth stands for the widths 64, 128, 256 and 512,
        with the blocks, stem and bottlenecks of that network.
      blocks: The number of residual blocks of each stage. The default is one block per stage. Do
        not set this option if ``widths`` is a depth.
      norm: ``'batch'`` or ``'group'``. With ``'batch'``, the state holds running statistics
        (momentum 0.9, float32). In training, the statistics of the batch are used, and the running
        statistics are updated. With ``'group'``, the network has no state.
      groups: The number of groups of channels, for group norm.
      standardise: Whether the kernels of convolutions are scaled to mean 0 and variance 1 for each
        output channel. It is common to do this with group norm (Qiao et al., 2019,
        https://arxiv.org/abs/1903.10520).
      stem: ``'small'`` is a 3x3 convolution that keeps height and width. ``'large'`` is a 7x7
        convolution with stride 2, then max pooling with stride 2. The default is large if
        ``widths`` is a depth, and small otherwise.
      bottleneck: Whether a block consists of a 1x1, a 3x3 and a 1x1 convolution, and returns four
        times as many channels as ``widths`` says. If False, a block consists of two 3x3
        convolutions. The default is True for depth 50, and False otherwise.
      output_stride: The largest factor by which the network reduces height and width. Use 8 or 16
        for dense prediction. A stage that would reduce them further uses dilated 3x3 convolutions
        instead. By default there is no limit.
      weights: The path of a PyTorch checkpoint with the parameter names of torchvision. This
        requires ``norm='batch'``. ``init`` returns the weights of the file as parameters, and the
        batch statistics of the file as state. For the file format see `mtljax.backbones`. None
        stands for random initial weights.
      axis_name: The axis name of a surrounding `jax.pmap`. In training, batch statistics are
        averaged over its devices.
      dtype: The dtype of the computation. The default is float32, which is also the dtype of the
        parameters.

    Returns:
      A tuple of modules, the stages: the stem, then one stage for each width. If ``widths`` is a
      depth, there are five stages. They map images ``[B, height, width]`` or
      ``[B, height, width, channels]`` to a feature map ``[B, height', width', channels']``.

    Raises:
      ValueError: An option is out of range, or the file with the weights cannot be read. ``init``
        of a stage raises this error if the inputs are not images, or if the weights do not fit the
        network.

    >>> import jax
    >>> import jax.numpy as jnp
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
    backbone = tuple(from_linen(stage) for stage in (first, *stages))
    if weights is None:
        return backbone
    if norm != 'batch':
        raise ValueError(f"norm should be 'batch' with weights. Found norm = {norm!r}.")
    prefixes = [('conv1.', 'bn1.'), *((f'layer{at}.',) for at in range(1, len(backbone)))]
    rename = _torchvision(3 if bottleneck else 2)
    return pretrained(backbone, weights, rename, prefixes, drop=('fc.',))


def _layout(widths, blocks, stem, bottleneck):
    """The widths, blocks, stem and bottleneck, after defaults are filled in."""
    if isinstance(widths, int | np.integer):
        if widths not in _DEPTHS or blocks is not None:
            raise ValueError(
                f'widths should be a sequence, or one of {list(_DEPTHS)} without blocks. '
                f'Found widths = {widths}, blocks = {blocks}.'
            )
        blocks, deep = _DEPTHS[int(widths)]
        widths, stem = (64, 128, 256, 512), stem or 'large'
        bottleneck = deep if bottleneck is None else bottleneck
    check_sizes('widths', widths)
    blocks = (1,) * len(widths) if blocks is None else blocks
    check_sizes('blocks', blocks)
    return widths, blocks, stem or 'small', bool(bottleneck)


def _strides(count, stride, output_stride):
    """The stride of every stage, and the dilations of its first block and of its other blocks."""
    most = stride * 2 ** (count - 1)
    allowed = [stride * 2**index for index in range(count)]
    if output_stride is not None and output_stride not in allowed:
        raise ValueError(
            f'output_stride should be one of {allowed}. Found output_stride = {output_stride}.'
        )
    rows, before = [(1, (1, 1))], 1
    for _ in range(1, count):
        keeps_size = stride == (output_stride or most)
        dilation = 2 * before if keeps_size else 1
        rows.append((1 if keeps_size else 2, (before, dilation)))
        stride, before = stride if keeps_size else 2 * stride, dilation
    return rows


def _torchvision(last: int) -> Rename:
    """The names of torchvision. The convolution with number ``last`` belongs to the shortcut."""

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
