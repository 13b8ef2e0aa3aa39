"""LeNet for small images."""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import linen

from mtljax.backbones._mlp import mlp
from mtljax.backbones._pool import max_pool
from mtljax.base import Module
from mtljax.module import from_linen
from mtljax.options import check_count, check_sizes


class _Convolution(linen.Module):
    features: int
    kernel: int
    dtype: jnp.dtype | None

    @linen.compact
    def __call__(self, x):
        x = x[..., None] if x.ndim == 3 else x
        x = linen.Conv(self.features, (self.kernel, self.kernel), dtype=self.dtype)(x)
        return max_pool(linen.relu(x))


def lenet(
    features: Sequence[int] = (10, 20),
    *,
    kernel: int = 5,
    width: int = 50,
    dtype: jnp.dtype | None = None,
) -> tuple[Module, ...]:
    """Convolutions with pooling, then one dense layer (LeCun et al., Proc. IEEE 1998).

    Args:
      features: the channels of each convolution; each halves height and width.
      kernel: the side of the kernels; the padding keeps the size.
      width: of the dense layer.
      dtype: of the computation; float32, that of the parameters, when left out.

    Returns:
      ``len(features) + 1`` stages from ``[B, height, width]`` or ``[B, height, width, channels]``
      to ``[B, width]``.

    Raises:
      ValueError: no convolution, or a size below 1.

    >>> len(lenet())
    3
    """
    check_sizes('features', features)
    check_count('kernel', kernel, 1)
    convolutions = [from_linen(_Convolution(size, kernel, dtype)) for size in features]
    return (*convolutions, *mlp((width,), dtype=dtype))
