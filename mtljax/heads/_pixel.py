"""A head for dense prediction, with one output per pixel."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import linen
from jax.typing import DTypeLike
from jaxtyping import Float

from mtljax.base import Array, Module
from mtljax.module import from_linen
from mtljax.options import check_optional_count, check_sizes


class _Pixel(linen.Module):
    widths: Sequence[int]
    size: int | None
    shape: tuple[int, int] | None
    dtype: DTypeLike | None

    @linen.compact
    def __call__(self, x):
        if x.ndim != 4:
            raise ValueError(
                'A pixel head should read a feature map [B, height, width, channels]. '
                f'Found features of shape {x.shape}.'
            )
        for width in self.widths:
            x = linen.relu(linen.Conv(width, (3, 3), dtype=self.dtype)(x))
        y = linen.Dense(self.size or 1, dtype=self.dtype)(x).astype(jnp.float32)
        y = resized(y, self.shape)  # after the dense layer, because it has fewer channels there
        return y[..., 0] if self.size is None else y


def pixel(
    size: int | None = None,
    shape: Sequence[int] | None = None,
    *,
    widths: Sequence[int] = (),
    dtype: DTypeLike | None = None,
) -> Module:
    """A head that predicts every pixel from a feature map ``[B, h, w, C]``.

    The head consists of 3x3 convolutions with ReLU, one dense layer at every pixel, and bilinear
    interpolation to ``shape``. The interpolation uses antialiasing if ``shape`` is smaller than the
    feature map. The output is float32.

    Args:
      size: The number of outputs per pixel. The prediction is ``[B, H, W, size]``, or ``[B, H, W]``
        if the size is None.
      shape: The height and width ``(H, W)`` of the prediction. The default is the size of the
        feature map.
      widths: The number of channels of each 3x3 convolution. By default there is no such
        convolution.
      dtype: The dtype of the computation. The default is float32.

    Raises:
      ValueError: A size is below 1, or ``shape`` does not hold two sizes. ``init`` raises this
        error if the features are not ``[B, h, w, C]``.

    >>> head = pixel(3, (8, 8))
    >>> params, state = head.init(jax.random.key(0), jnp.ones((2, 4, 4, 5)))
    >>> head.apply(params, state, jnp.ones((2, 4, 4, 5)))[0].shape
    (2, 8, 8, 3)
    """
    check_optional_count('size', size)
    check_sizes('widths', widths, 0)
    return from_linen(_Pixel(tuple(widths), size, checked_shape(shape), dtype))


def checked_shape(shape: Sequence[int] | None) -> tuple[int, int] | None:
    """``(height, width)`` of an output, or None.

    Raises:
      ValueError: ``shape`` is neither two sizes nor None.
    """
    if shape is None:
        return None
    check_sizes('shape', shape, 0)
    if len(shape) != 2:
        raise ValueError(f'shape should be (height, width), or None. Found shape = {shape}.')
    height, width = shape
    return height, width


def resized(y: Float[Array, 'B _ _ C'], shape: tuple[int, int] | None) -> Float[Array, 'B _ _ C']:
    """Features ``[B, h, w, C]`` resized to another height and width; unchanged for None."""
    if shape is None:
        return y
    return jax.image.resize(y, (y.shape[0], *shape, y.shape[-1]), 'bilinear')
