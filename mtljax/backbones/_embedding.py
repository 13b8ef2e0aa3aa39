"""The first stage of a transformer: a sequence of vectors with positions."""

import jax.numpy as jnp
from flax import linen
from jax.typing import DTypeLike


class Embedding(linen.Module):
    """A module that maps tokens, patches or vectors to ``[B, L, width]``.

    The options are those of `transformer`.
    """

    width: int
    vocabulary: int | None
    patch: int | None
    max_length: int
    dropout: float
    dtype: DTypeLike | None

    @linen.compact
    def __call__(self, x, train: bool = False):
        """Map ``[B, L]``, ``[B, H, W]``, ``[B, H, W, C]`` or ``[B, L, C]`` to ``[B, L, width]``."""
        if self.vocabulary is not None:
            _check(x, x.ndim == 2 and jnp.issubdtype(x.dtype, jnp.integer), 'integers [B, L]')
            x = x.astype(jnp.int32)
            x = jnp.where(x < 0, self.vocabulary, x)  # negative indices would count from the end
            x = linen.Embed(self.vocabulary, self.width, dtype=self.dtype)(x)
        else:
            x = _patches(x, self.patch) if self.patch is not None else x
            _check(x, x.ndim == 3, 'vectors [B, L, channels], or vocabulary or patch')
            x = linen.Dense(self.width, dtype=self.dtype)(x)
        length = x.shape[1]
        _check(x, length <= self.max_length, f'at most max_length = {self.max_length} positions')
        initial = linen.initializers.normal(0.02)
        rows = self.max_length if self.patch is None else length
        positions = self.param('positions', initial, (rows, self.width))
        x = x + positions[None, :length].astype(x.dtype)
        return linen.Dropout(self.dropout, deterministic=not train)(x)


def _patches(x, side):
    """Cut images into patches, row by row.

    ``[B, H, W]`` or ``[B, H, W, C]`` becomes ``[B, H W / side^2, side^2 C]``.
    """
    images = x.ndim in (3, 4) and not (x.shape[1] % side or x.shape[2] % side)
    _check(x, images, f'images [B, H, W] or [B, H, W, C] with sides divisible by {side}')
    batch, height, width, channels = (*x.shape, 1)[:4]
    x = x.reshape(batch, height // side, side, width // side, side, channels)
    return x.swapaxes(2, 3).reshape(batch, -1, side * side * channels)


def _check(x, holds, expected):
    if not holds:
        raise ValueError(f'transformer should read {expected}. Found {x.dtype}{x.shape}.')
