"""A head with hidden layers."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from flax import linen
from jax.typing import DTypeLike

from mtljax.base import Module
from mtljax.module import from_linen
from mtljax.options import check_optional_count, check_share, check_sizes


class _Tower(linen.Module):
    widths: Sequence[int]
    size: int | None
    activation: Callable[[jax.Array], jax.Array]
    dropout: float
    pool: bool
    dtype: DTypeLike | None

    @linen.compact
    def __call__(self, x, train: bool = False):
        x = x.mean(tuple(range(1, x.ndim - 1))) if self.pool else x.reshape(x.shape[0], -1)
        for width in self.widths:
            x = self.activation(linen.Dense(width, dtype=self.dtype)(x))
            x = linen.Dropout(self.dropout, deterministic=not train)(x)
        y = linen.Dense(self.size or 1, dtype=self.dtype)(x).astype(jnp.float32)
        return y[:, 0] if self.size is None else y


def mlp(
    widths: Sequence[int],
    size: int | None = None,
    *,
    pool: bool = False,
    activation: Callable[[jax.Array], jax.Array] = linen.relu,
    dropout: float = 0.0,
    dtype: DTypeLike | None = None,
) -> Module:
    """A head with hidden dense layers and a linear output layer. Its output is float32.

    Args:
      widths: The number of units of each hidden layer.
      size: The number of outputs. The prediction is ``[B, size]``, or one number per example,
        ``[B]``, if the size is None.
      pool: Whether the features ``[B, ..., C]`` are averaged to ``[B, C]``. If False, they are
        flattened.
      activation: The activation function after every hidden layer.
      dropout: The share of hidden units that are dropped in training.
      dtype: The dtype of the computation. The default is float32.

    Raises:
      ValueError: A size is below 1, or ``dropout`` is outside ``[0, 1)``.

    >>> head = mlp((8,), 1)
    >>> params, state = head.init(jax.random.key(0), jnp.ones((2, 5)))
    >>> head.apply(params, state, jnp.ones((2, 5)))[0].shape
    (2, 1)
    """
    check_sizes('widths', widths, 0)
    check_optional_count('size', size)
    check_share('dropout', dropout)
    return from_linen(_Tower(tuple(widths), size, activation, dropout, pool, dtype))
