"""The layers of a residual network."""

from flax import linen

from mtljax.backbones._layers import Layers, with_channels


class Stem(Layers):
    """From an image to the first feature map."""

    width: int
    large: bool

    @linen.compact
    def __call__(self, x, train: bool = False):
        """Map ``[B, H, W]`` or ``[B, H, W, C]`` to ``[B, h, w, width]``."""
        x = with_channels(x, 'resnet')
        x = self.convolve(x, self.width, *((7, 2) if self.large else (3, 1)))
        x = linen.relu(self.normalise(x, train))
        return linen.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1))) if self.large else x


class _Block(Layers):
    width: int
    stride: int
    dilation: int
    bottleneck: bool

    @linen.compact
    def __call__(self, x, train):
        size = 4 * self.width if self.bottleneck else self.width
        wide, inner = (3, self.stride, self.dilation), (3, 1, self.dilation)
        plan = ((1, 1, 1), wide, (1, 1, 1)) if self.bottleneck else (wide, inner)
        y = x
        for index, (kernel, stride, dilation) in enumerate(plan):
            last = index == len(plan) - 1
            y = self.convolve(y, size if last else self.width, kernel, stride, dilation)
            y = self.normalise(y, train)
            y = y if last else linen.relu(y)
        if x.shape[-1] != size or self.stride != 1:
            x = self.normalise(self.convolve(x, size, 1, self.stride), train)
        return linen.relu(x + y)


class Residual(Layers):
    """Residual blocks. The first block may halve the resolution.

    ``dilation`` holds the dilation of the first block and that of the other blocks.
    """

    width: int
    blocks: int
    stride: int
    dilation: tuple[int, int]
    bottleneck: bool

    @linen.compact
    def __call__(self, x, train: bool = False):
        """Map ``[B, h, w, C]`` to ``[B, h / stride, w / stride, width]``."""
        for index in range(self.blocks):
            block = _Block(
                width=self.width,
                stride=self.stride if index == 0 else 1,
                dilation=self.dilation[index > 0],
                bottleneck=self.bottleneck,
                **self.options,
            )
            x = block(x, train)
        return x
