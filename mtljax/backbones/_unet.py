"""U-Net."""

from collections.abc import Sequence
from typing import Literal

import jax.numpy as jnp
from flax import linen
from jax.typing import DTypeLike

from mtljax.backbones._layers import Layers, check_norm, with_channels
from mtljax.backbones._pool import max_pool
from mtljax.base import Module
from mtljax.module import WithSkips, features_of, from_linen
from mtljax.options import check_sizes


class _Convolutions(Layers):
    width: int

    @linen.compact
    def __call__(self, x, train):
        for _ in range(2):
            x = linen.relu(self.normalise(self.convolve(x, self.width, 3), train))
        return x


class _Down(Layers):
    width: int
    first: bool

    @linen.compact
    def __call__(self, x, train: bool = False):
        """Every stage except the first pools its input, and passes it on as a skip."""
        features = features_of(x)
        earlier = x.skips if isinstance(x, WithSkips) else ()
        features = with_channels(features, 'unet')
        inner = features if self.first else _halved(features)
        y = _Convolutions(width=self.width, **self.options)(inner, train)
        return y if self.first else WithSkips(y, (*earlier, features))


class _Up(Layers):
    width: int

    @linen.compact
    def __call__(self, x, train: bool = False):
        features, (*skips, skip) = x
        grown = linen.ConvTranspose(self.width, (2, 2), (2, 2), dtype=self.dtype)(features)
        grown = grown[:, : skip.shape[1], : skip.shape[2]]
        both = jnp.concatenate([skip.astype(grown.dtype), grown], axis=-1)
        y = _Convolutions(width=self.width, **self.options)(both, train)
        return WithSkips(y, tuple(skips)) if skips else y


def _halved(x):
    """The maxima of 2x2 windows. Windows at the end may be smaller."""
    odd = [(0, size % 2) for size in x.shape[1:3]]
    return max_pool(jnp.pad(x, ((0, 0), *odd, (0, 0)), constant_values=-jnp.inf))


def unet(
    widths: Sequence[int] = (64, 128, 256, 512, 1024),
    *,
    norm: Literal['batch', 'group'] = 'batch',
    groups: int = 8,
    axis_name: str | None = None,
    dtype: DTypeLike | None = None,
) -> tuple[Module, ...]:
    """U-Net: a path to low resolution and a path back, with skip connections between them.

    The first path halves the resolution at each level by max pooling. The second path doubles it at
    each level by 2x2 transposed convolutions, and reads the features of the first path at the same
    level (Ronneberger et al., MICCAI 2015, https://arxiv.org/abs/1505.04597). Every stage has two
    3x3 convolutions with padding and norms.

    Every stage except the first and the last returns `mtljax.module.WithSkips`. Its skips are the
    features of the first path that later stages read. A sharing scheme may put units between the
    stages, for example to mix the features of the tasks. In the first path, every stage after the
    first keeps its input as a skip. So if a unit comes before such a stage, the skip is the output
    of the unit.

    Args:
      widths: The number of channels of each level. Each level after the first halves height and
        width.
      norm: ``'batch'``, with running statistics in the state, or ``'group'``, without state.
      groups: The number of groups of channels, for group norm.
      axis_name: The axis name of a surrounding `jax.pmap`. In training, batch statistics are
        averaged over its devices.
      dtype: The dtype of the computation. The default is float32, which is also the dtype of the
        parameters.

    Returns:
      A tuple of ``2 len(widths) - 1`` modules, the stages. They map images of any size,
      ``[B, height, width]`` or ``[B, height, width, channels]``, to a feature map
      ``[B, height, width, widths[0]]``.

    Raises:
      ValueError: An option is out of range. ``init`` of a stage raises this error if the inputs are
        not images.

    >>> import jax
    >>> from mtljax import module
    >>> model = module.serial(*unet((4, 8)))
    >>> image = jax.ShapeDtypeStruct((2, 7, 5, 3), jnp.float32)
    >>> params, state = jax.eval_shape(model.init, jax.random.key(0), image)
    >>> module.output_shape(model, params, state, image).shape
    (2, 7, 5, 4)
    """
    check_sizes('widths', widths)
    check_norm(norm, groups, widths)
    options = {
        'norm': norm,
        'groups': groups,
        'standardise': False,
        'axis_name': axis_name,
        'dtype': dtype,
    }
    down = [_Down(width=width, first=at == 0, **options) for at, width in enumerate(widths)]
    up = [_Up(width=width, **options) for width in widths[-2::-1]]
    return tuple(from_linen(stage) for stage in (*down, *up))
