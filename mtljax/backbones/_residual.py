"""The layers of a residual network."""

import jax.numpy as jnp
from flax import linen

_INITIAL = linen.initializers.variance_scaling(2.0, 'fan_out', 'normal')


class _Layers(linen.Module):
    """What stem and blocks are made of; options are those of `resnet`."""

    norm: str
    groups: int
    axis_name: str | None
    dtype: jnp.dtype | None

    def convolve(self, x, width, kernel, stride=1):
        padding = ((kernel // 2,) * 2,) * 2  # the same on both sides, whatever the stride
        size, strides = (kernel, kernel), (stride, stride)
        return linen.Conv(
            width, size, strides, padding, use_bias=False, kernel_init=_INITIAL, dtype=self.dtype
        )(x)

    def normalise(self, x, train):
        if self.norm == 'group':
            return linen.GroupNorm(self.groups, epsilon=1e-5, dtype=self.dtype)(x)
        return linen.BatchNorm(
            not train, momentum=0.9, epsilon=1e-5, axis_name=self.axis_name, dtype=self.dtype
        )(x)


class Stem(_Layers):
    """From an image to the first feature map."""

    width: int
    large: bool

    @linen.compact
    def __call__(self, x, train: bool = False):
        """``[B, H, W]`` or ``[B, H, W, C]`` to ``[B, h, w, width]``."""
        if x.ndim not in (3, 4):
            raise ValueError(
                'resnet reads images [B, height, width] or [B, height, width, channels]. '
                f'Found inputs of shape {x.shape}.'
            )
        x = x[..., None] if x.ndim == 3 else x
        x = self.convolve(x, self.width, *((7, 2) if self.large else (3, 1)))
        x = linen.relu(self.normalise(x, train))
        return linen.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1))) if self.large else x


class _Block(_Layers):
    width: int
    stride: int
    bottleneck: bool

    @linen.compact
    def __call__(self, x, train):
        size = 4 * self.width if self.bottleneck else self.width
        plan = ((1, 1), (3, self.stride), (1, 1)) if self.bottleneck else ((3, self.stride), (3, 1))
        y = x
        for index, (kernel, stride) in enumerate(plan):
            last = index == len(plan) - 1
            y = self.convolve(y, size if last else self.width, kernel, stride)
            y = self.normalise(y, train)
            y = y if last else linen.relu(y)
        if x.shape[-1] != size or self.stride != 1:
            x = self.normalise(self.convolve(x, size, 1, self.stride), train)
        return linen.relu(x + y)


class Residual(_Layers):
    """Residual blocks, of which the first may halve the resolution."""

    width: int
    blocks: int
    stride: int
    bottleneck: bool

    @linen.compact
    def __call__(self, x, train: bool = False):
        """``[B, h, w, C]`` to ``[B, h / stride, w / stride, width]``."""
        options = {
            'norm': self.norm,
            'groups': self.groups,
            'axis_name': self.axis_name,
            'dtype': self.dtype,
        }
        for index in range(self.blocks):
            stride = self.stride if index == 0 else 1
            block = _Block(width=self.width, stride=stride, bottleneck=self.bottleneck, **options)
            x = block(x, train)
        return x
