"""The layers of EfficientNet-Lite."""

from flax import linen
from jax.typing import DTypeLike

from mtljax.backbones._layers import with_channels

_INITIAL = linen.initializers.variance_scaling(2.0, 'fan_out', 'normal')
# The fan-out of a depthwise convolution is one channel, not the last axis of its kernel.
_DEPTHWISE = linen.initializers.variance_scaling(2.0, 'fan_in', 'normal')


class _Layers(linen.Module):
    """The options are those of `efficientnet_lite0`."""

    axis_name: str | None
    dtype: DTypeLike | None

    def convolve(self, x, width, kernel=1, stride=1, *, groups=1):
        size, strides = (kernel, kernel), (stride, stride)
        return linen.Conv(
            width,
            size,
            strides,
            use_bias=False,
            feature_group_count=groups,
            kernel_init=_INITIAL if groups == 1 else _DEPTHWISE,
            dtype=self.dtype,
        )(x)

    def normalise(self, x, train):
        return linen.BatchNorm(
            not train, momentum=0.99, epsilon=1e-3, axis_name=self.axis_name, dtype=self.dtype
        )(x)


class Layer(_Layers):
    """Convolution, batch norm and ReLU6, for the stem and the last layer."""

    width: int
    kernel: int = 1
    stride: int = 1

    @linen.compact
    def __call__(self, x, train: bool = False):
        """Map ``[B, H, W]`` or ``[B, H, W, C]`` to ``[B, H / stride, W / stride, width]``."""
        x = self.convolve(
            with_channels(x, 'efficientnet_lite0'), self.width, self.kernel, self.stride
        )
        return linen.relu6(self.normalise(x, train))


class _Block(_Layers):
    width: int
    kernel: int
    stride: int
    expand: int
    drop: float

    @linen.compact
    def __call__(self, x, train):
        inner, y = self.expand * x.shape[-1], x
        if self.expand > 1:
            y = linen.relu6(self.normalise(self.convolve(y, inner), train))
        y = self.convolve(y, inner, self.kernel, self.stride, groups=inner)
        y = linen.relu6(self.normalise(y, train))
        y = self.normalise(self.convolve(y, self.width), train)
        if self.stride != 1 or x.shape != y.shape:
            return y
        whole = linen.Dropout(self.drop, broadcast_dims=(1, 2, 3), deterministic=not train)
        return x + whole(y)


class Inverted(_Layers):
    """Inverted bottlenecks: blocks that are wide inside and have a depthwise convolution.

    They have no activation at the end. ``drops`` are the shares of examples that skip each block in
    training.
    """

    width: int
    kernel: int
    stride: int
    expand: int
    drops: tuple[float, ...]

    @linen.compact
    def __call__(self, x, train: bool = False):
        """Map ``[B, h, w, C]`` to ``[B, h / stride, w / stride, width]``."""
        for index, drop in enumerate(self.drops):
            stride = self.stride if index == 0 else 1
            block = _Block(
                width=self.width,
                kernel=self.kernel,
                stride=stride,
                expand=self.expand,
                drop=drop,
                axis_name=self.axis_name,
                dtype=self.dtype,
            )
            x = block(x, train)
        return x
