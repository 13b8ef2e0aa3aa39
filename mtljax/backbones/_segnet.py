"""SegNet."""

from collections.abc import Sequence
from typing import Literal

from flax import linen
from jax.typing import DTypeLike

from mtljax.backbones._layers import Layers, check_norm, with_channels
from mtljax.backbones._unpool import pool_with_places, unpool
from mtljax.base import Module
from mtljax.module import WithSkips, features_of, from_linen
from mtljax.options import check_sizes


class _Encoder(Layers):
    width: int
    depth: int

    @linen.compact
    def __call__(self, x, train: bool = False):
        features = with_channels(features_of(x), 'segnet')
        if features.shape[1] % 2 or features.shape[2] % 2:
            raise ValueError(
                'Height and width should be even at every encoder of segnet, which halves them. '
                f'Found {features.shape[1:3]} at one encoder.'
            )
        for _ in range(self.depth):
            features = linen.relu(self.normalise(self.convolve(features, self.width, 3), train))
        pooled, places = pool_with_places(features)
        return WithSkips(pooled, (*(x.skips if isinstance(x, WithSkips) else ()), places))


class _Decoder(Layers):
    width: int
    depth: int

    @linen.compact
    def __call__(self, x, train: bool = False):
        features, (*skips, places) = x
        features = unpool(features, places)
        for _ in range(self.depth):
            features = linen.relu(self.normalise(self.convolve(features, self.width, 3), train))
        return WithSkips(features, tuple(skips)) if skips else features


def segnet(
    widths: Sequence[int] = (64, 128, 256, 512, 512),
    depths: Sequence[int] = (2, 2, 3, 3, 3),
    *,
    norm: Literal['batch', 'group'] = 'batch',
    groups: int = 8,
    axis_name: str | None = None,
    dtype: DTypeLike | None = None,
) -> tuple[Module, ...]:
    """SegNet: encoders with max pooling, then decoders that reverse the pooling.

    Each decoder puts its inputs back at the positions where max pooling has found the maxima
    (Badrinarayanan, Kendall, Cipolla, TPAMI 2017, https://arxiv.org/abs/1511.00561). The layout
    follows Liu, Johns, Davison, CVPR 2019, https://arxiv.org/abs/1803.10704. All convolutions are
    3x3, and each one is followed by a norm and ReLU. They have no bias, because the norm would
    cancel it. Each decoder mirrors one encoder, and returns as many channels as this encoder reads.
    The last decoder, however, returns ``widths[0]`` channels.

    Every stage except the last returns `mtljax.module.WithSkips`: the features, and the positions
    of the maxima, which later stages read.

    Args:
      widths: The number of channels of each encoder. Each encoder halves height and width.
      depths: The number of convolutions of each encoder, and of the decoder that mirrors it.
      norm: ``'batch'``, with running statistics in the state, or ``'group'``, without state.
      groups: The number of groups of channels, for group norm.
      axis_name: The axis name of a surrounding `jax.pmap`. In training, batch statistics are
        averaged over its devices.
      dtype: The dtype of the computation. The default is float32, which is also the dtype of the
        parameters.

    Returns:
      A tuple of ``2 len(widths)`` modules, the stages, with the encoders first. They map images
      ``[B, height, width]`` or ``[B, height, width, channels]`` to a feature map
      ``[B, height, width, widths[0]]``.

    Raises:
      ValueError: An option is out of range. ``init`` of a stage raises this error if the inputs are
        not images, or if height or width is not a multiple of ``2 ** len(widths)``.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> stages = segnet((4, 8), (1, 1))
    >>> params, state = stages[0].init(jax.random.key(0), jnp.ones((2, 8, 8)))
    >>> y, _ = stages[0].apply(params, state, jnp.ones((2, 8, 8)))
    >>> len(stages), y.features.shape, y.skips[0].dtype
    (4, (2, 4, 4, 4), dtype('uint8'))
    """
    check_sizes('widths', widths)
    check_sizes('depths', depths)
    if len(widths) != len(depths):
        raise ValueError(
            f'widths and depths should be equally long. Found widths = {widths}, depths = {depths}.'
        )
    check_norm(norm, groups, widths)
    options = {
        'norm': norm,
        'groups': groups,
        'standardise': False,
        'axis_name': axis_name,
        'dtype': dtype,
    }
    before = (widths[0], *widths[:-1])
    encoders = [
        _Encoder(width=width, depth=depth, **options)
        for width, depth in zip(widths, depths, strict=True)
    ]
    decoders = [
        _Decoder(width=width, depth=depth, **options)
        for width, depth in zip(before, depths, strict=True)
    ]
    return tuple(from_linen(stage) for stage in (*encoders, *decoders[::-1]))
