"""Dense layers."""

from collections.abc import Callable, Sequence

import jax
from flax import linen
from jax.typing import DTypeLike

from mtljax.base import Module
from mtljax.module import from_linen
from mtljax.options import check_share, check_sizes


class _Layer(linen.Module):
    width: int
    activation: Callable[[jax.Array], jax.Array]
    dropout: float
    dtype: DTypeLike | None

    @linen.compact
    def __call__(self, x, train: bool = False):
        x = x.reshape(x.shape[0], -1)
        x = self.activation(linen.Dense(self.width, dtype=self.dtype)(x))
        return linen.Dropout(self.dropout, deterministic=not train)(x)


def mlp(
    widths: Sequence[int] = (256, 256),
    *,
    activation: Callable[[jax.Array], jax.Array] = linen.relu,
    dropout: float = 0.0,
    dtype: DTypeLike | None = None,
) -> tuple[Module, ...]:
    """A multi-layer perceptron. Each stage is one dense layer with activation and dropout.

    Args:
      widths: The number of units of each layer.
      activation: The activation function after every layer, including the last layer.
      dropout: The share of units that are dropped in training.
      dtype: The dtype of the computation. The default is float32, which is also the dtype of the
        parameters.

    Returns:
      A tuple of ``len(widths)`` modules, the stages. They flatten inputs ``[B, ...]`` and map them
      to features ``[B, widths[-1]]``.

    Raises:
      ValueError: There is no width, a width is below 1, or ``dropout`` is outside ``[0, 1)``.

    >>> len(mlp((64, 32)))
    2
    """
    check_sizes('widths', widths)
    check_share('dropout', dropout)
    return tuple(from_linen(_Layer(width, activation, dropout, dtype)) for width in widths)
