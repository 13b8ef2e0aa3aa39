"""A head for dense prediction with atrous spatial pyramid pooling."""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import linen
from jax.typing import DTypeLike

from mtljax.base import Module
from mtljax.heads._pixel import checked_shape, resized
from mtljax.module import from_linen
from mtljax.options import check_count, check_optional_count, check_share, check_sizes


class _Pyramid(linen.Module):
    size: int | None
    shape: tuple[int, int] | None
    width: int
    rates: Sequence[int]
    dropout: float
    axis_name: str | None
    dtype: DTypeLike | None

    def part(self, x, train, kernel=1, rate=1):
        """Convolution, batch norm and ReLU."""
        size, dilation = (kernel, kernel), (rate, rate)
        x = linen.Conv(
            self.width, size, kernel_dilation=dilation, use_bias=False, dtype=self.dtype
        )(x)
        norm = linen.BatchNorm(
            not train, momentum=0.9, epsilon=1e-5, axis_name=self.axis_name, dtype=self.dtype
        )
        return linen.relu(norm(x))

    @linen.compact
    def __call__(self, x, train: bool = False):
        if x.ndim != 4:
            raise ValueError(
                'A deeplab head should read a feature map [B, height, width, channels]. '
                f'Found features of shape {x.shape}.'
            )
        parts = [self.part(x, train), *(self.part(x, train, 3, rate) for rate in self.rates)]
        whole = self.part(x.mean((1, 2), keepdims=True), train)
        parts.append(jnp.broadcast_to(whole, parts[0].shape))
        y = self.part(jnp.concatenate(parts, axis=-1), train)
        y = linen.Dropout(self.dropout, deterministic=not train)(y)
        y = self.part(y, train, 3)
        y = linen.Dense(self.size or 1, dtype=self.dtype)(y).astype(jnp.float32)
        y = resized(y, self.shape)
        return y[..., 0] if self.size is None else y


def deeplab(
    size: int | None = None,
    shape: Sequence[int] | None = None,
    *,
    width: int = 256,
    rates: Sequence[int] = (12, 24, 36),
    dropout: float = 0.5,
    axis_name: str | None = None,
    dtype: DTypeLike | None = None,
) -> Module:
    """A head that predicts every pixel, by atrous spatial pyramid pooling (DeepLab).

    It maps a feature map ``[B, h, w, C]`` to predictions by these layers (Chen, Papandreou,
    Schroff, Adam, 2017, https://arxiv.org/abs/1706.05587):

    - several parallel branches: a 1x1 convolution, one dilated 3x3 convolution for each rate, and
      a 1x1 convolution on the mean of the feature map;
    - a 1x1 and a 3x3 convolution on the concatenated outputs of all branches;
    - a dense layer at every pixel;
    - bilinear interpolation to ``shape``.

    Batch norm and ReLU follow every convolution. The output is float32.

    Args:
      size: The number of outputs per pixel. The prediction is ``[B, H, W, size]``, or ``[B, H, W]``
        if the size is None.
      shape: The height and width ``(H, W)`` of the prediction. The default is the size of the
        feature map.
      width: The number of channels of each convolution.
      rates: The dilation of each dilated 3x3 convolution.
      dropout: The share of values that are dropped in training, after the 1x1 convolution on the
        concatenated outputs.
      axis_name: The axis name of a surrounding `jax.pmap`. In training, batch statistics are
        averaged over its devices.
      dtype: The dtype of the computation. The default is float32.

    Raises:
      ValueError: An option is out of range. ``init`` raises this error if the features are not
        ``[B, h, w, C]``.

    >>> import jax
    >>> head = deeplab(3, (8, 8), width=4, rates=(2,))
    >>> x = jnp.ones((2, 4, 4, 5))
    >>> params, state = jax.eval_shape(head.init, jax.random.key(0), x)  # shapes only
    >>> jax.eval_shape(head.apply, params, state, x)[0].shape
    (2, 8, 8, 3)
    """
    check_optional_count('size', size)
    check_count('width', width, 1)
    check_sizes('rates', rates)
    check_share('dropout', dropout)
    return from_linen(
        _Pyramid(size, checked_shape(shape), width, tuple(rates), dropout, axis_name, dtype)
    )
