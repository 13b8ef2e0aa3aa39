"""A head for sequences: one prediction per token, or one per sequence."""

from typing import Literal

import jax.numpy as jnp
from flax import linen
from jax.typing import DTypeLike

from mtljax.base import Module
from mtljax.module import from_linen
from mtljax.options import check_optional_count


class _Token(linen.Module):
    size: int | None
    pool: str | None
    dtype: DTypeLike | None

    @linen.compact
    def __call__(self, x):
        if x.ndim != 3:
            raise ValueError(
                'A token head should read a sequence [B, length, channels]. '
                f'Found features of shape {x.shape}.'
            )
        if self.pool == 'mean':
            x = x.mean(1)
        elif self.pool is not None:
            x = x[:, 0 if self.pool == 'first' else -1]
        y = linen.Dense(self.size or 1, dtype=self.dtype)(x).astype(jnp.float32)
        return y[..., 0] if self.size is None else y


def token(
    size: int | None = None,
    *,
    pool: Literal['mean', 'first', 'last'] | None = None,
    dtype: DTypeLike | None = None,
) -> Module:
    """A head with one dense layer that predicts every token of a sequence, or the whole sequence.

    The features are ``[B, L, C]``, where L is the length of the sequence. The prediction is
    ``[B, L, size]`` for every token, or ``[B, size]`` for the whole sequence.

    Args:
      size: The number of outputs. None stands for one output without an axis for it, so that the
        prediction is ``[B, L]`` or ``[B]``.
      pool: The features that represent the sequence: the ``'mean'`` over all tokens, the
        ``'first'`` token, or the ``'last'`` token. With causal attention, only the last token has
        seen the whole sequence. None predicts every token. Padding is treated like any other token.
      dtype: The dtype of the computation. The default is float32. The output is always float32.

    Raises:
      ValueError: ``size`` is below 1, or ``pool`` is unknown. ``init`` raises this error if the
        features are not ``[B, L, C]``.

    >>> import jax
    >>> head = token(10, pool='mean')
    >>> params, state = head.init(jax.random.key(0), jnp.ones((2, 7, 5)))
    >>> head.apply(params, state, jnp.ones((2, 7, 5)))[0].shape
    (2, 10)
    """
    check_optional_count('size', size)
    if pool not in (None, 'mean', 'first', 'last'):
        raise ValueError(f"pool should be None, 'mean', 'first' or 'last'. Found pool = {pool!r}.")
    return from_linen(_Token(size, pool, dtype))
