"""Convolutions and norms of networks on images."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen
from jax.typing import DTypeLike

from mtljax.options import check_count

_INITIAL = linen.initializers.variance_scaling(2.0, 'fan_out', 'normal')


class Layers(linen.Module):
    """The layers of stems and blocks. The options are those of `resnet`."""

    norm: str
    groups: int
    axis_name: str | None
    dtype: DTypeLike | None
    standardise: bool

    @property
    def options(self) -> dict[str, Any]:
        """The options, for modules inside this one."""
        names = ('norm', 'groups', 'axis_name', 'dtype', 'standardise')
        return {name: getattr(self, name) for name in names}

    def convolve(self, x, width, kernel, stride=1, dilation=1):
        """A convolution without bias. The padding is equal on both sides for every stride."""
        return linen.Conv(
            width,
            (kernel, kernel),
            (stride, stride),
            ((kernel // 2 * dilation,) * 2,) * 2,
            kernel_dilation=(dilation, dilation),
            use_bias=False,
            kernel_init=_INITIAL,
            dtype=self.dtype,
            conv_general_dilated=_standardised if self.standardise else None,
        )(x)

    def normalise(self, x, train):
        if self.norm == 'group':
            return linen.GroupNorm(self.groups, epsilon=1e-5, dtype=self.dtype)(x)
        return linen.BatchNorm(
            not train, momentum=0.9, epsilon=1e-5, axis_name=self.axis_name, dtype=self.dtype
        )(x)


def with_channels(x: Any, reader: str) -> Any:
    """Images with a channel axis, ``[B, H, W, C]``, from ``[B, H, W]`` or ``[B, H, W, C]``.

    Raises:
      ValueError: ``x`` is not a batch of images.
    """
    if not hasattr(x, 'ndim') or x.ndim not in (3, 4):
        raise ValueError(
            f'{reader} should read images [B, height, width] or [B, height, width, channels]. '
            f'Found inputs of shape {jax.tree.map(jnp.shape, x)}.'
        )
    return x[..., None] if x.ndim == 3 else x


def check_norm(norm: Any, groups: Any, widths: Sequence[int]) -> None:
    """Raise an error for an unknown norm, and for groups that do not divide every width."""
    check_count('groups', groups, 1)
    if norm not in ('batch', 'group'):
        raise ValueError(f"norm should be 'batch' or 'group'. Found norm = {norm!r}.")
    if norm == 'group' and any(width % groups for width in widths):
        raise ValueError(
            f'groups should divide every width. Found groups = {groups}, widths = {widths}.'
        )


def _standardised(x, kernel, *args, **options):
    """A convolution whose kernel has mean 0 and variance 1 for each output channel."""
    wide = kernel.astype(jnp.promote_types(kernel.dtype, jnp.float32))
    wide -= wide.mean((0, 1, 2), keepdims=True)
    scale = jax.lax.rsqrt(jnp.square(wide).mean((0, 1, 2), keepdims=True) + 1e-10)
    return jax.lax.conv_general_dilated(x, (wide * scale).astype(kernel.dtype), *args, **options)
