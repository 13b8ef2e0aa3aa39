"""LeNet for small images."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import linen
from jax.typing import DTypeLike

from mtljax.backbones._mlp import mlp
from mtljax.backbones._pool import max_pool
from mtljax.base import Module
from mtljax.module import from_linen
from mtljax.options import check_count, check_sizes


class _Convolution(linen.Module):
    features: int
    kernel: int
    padding: str
    dtype: DTypeLike | None

    @linen.compact
    def __call__(self, x):
        x = x[..., None] if x.ndim == 3 else x
        least = self.kernel + 1 if self.padding == 'VALID' else 2
        if min(x.shape[1:3]) < least:
            raise ValueError(
                f'Images should have {least}x{least} pixels or more, for lenet with kernel = '
                f'{self.kernel} and padding = {self.padding!r}. Found {x.shape[1]}x{x.shape[2]}.'
            )
        x = linen.Conv(
            self.features,
            (self.kernel, self.kernel),
            padding=self.padding,
            dtype=self.dtype,
            conv_general_dilated=_as_product if _slow(x, self.padding) else None,
        )(x)
        return max_pool(linen.relu(x))


def _slow(x: jax.Array, padding: str) -> bool:
    """Whether XLA computes the gradient of the kernel much more slowly than a matrix product."""
    return padding == 'VALID' and x.shape[-1] == 1 and jax.default_backend() == 'cpu'


def _as_product(x, kernel, *_, **__):
    """The convolution of one channel, without padding, as a matrix product."""
    height, width, _, channels = kernel.shape
    rows, columns = x.shape[1] - height + 1, x.shape[2] - width + 1
    offsets = [(i, j) for i in range(height) for j in range(width)]
    patches = jnp.concatenate([x[:, i : i + rows, j : j + columns] for i, j in offsets], -1)
    return patches @ kernel.reshape(-1, channels)


def lenet(
    features: Sequence[int] = (10, 20),
    *,
    kernel: int | Sequence[int] = 5,
    padding: str = 'SAME',
    width: int = 50,
    dtype: DTypeLike | None = None,
) -> tuple[Module, ...]:
    """LeNet: convolutions with pooling, then one dense layer (LeCun et al., Proc. IEEE 1998).

    Args:
      features: The number of channels of each convolution. After each convolution, pooling halves
        height and width.
      kernel: The side length of the kernels, one number for all or one per convolution.
      padding: ``'SAME'`` keeps height and width in a convolution. ``'VALID'`` uses no padding, as
        the paper does, and reduces height and width by ``kernel - 1``.
      width: The number of units of the dense layer.
      dtype: The dtype of the computation. The default is float32, which is also the dtype of the
        parameters.

    Returns:
      A tuple of ``len(features) + 1`` modules, the stages. They map images ``[B, height, width]``
      or ``[B, height, width, channels]`` to features ``[B, width]``.

    Raises:
      ValueError: There is no convolution, a size is below 1, the padding is unknown, or the number
        of kernel sizes differs from the number of convolutions. ``init`` of a stage raises this
        error if the images are too small.

    >>> len(lenet())
    3
    """
    check_sizes('features', features)
    check_count('width', width, 1)
    kernels = kernel if isinstance(kernel, Sequence) else (kernel,) * len(features)
    check_sizes('kernel', kernels)
    if len(kernels) != len(features):
        raise ValueError(
            f'kernel should be one number for all, or one for each of the {len(features)} '
            f'convolutions. Found kernel = {kernel}.'
        )
    if padding not in ('SAME', 'VALID'):
        raise ValueError(f"padding should be 'SAME' or 'VALID'. Found padding = {padding!r}.")
    convolutions = [
        from_linen(_Convolution(size, side, padding, dtype))
        for size, side in zip(features, kernels, strict=True)
    ]
    return (*convolutions, *mlp((width,), dtype=dtype))
