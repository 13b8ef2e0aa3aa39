"""A head for a bounding box."""

from collections.abc import Callable, Sequence

import jax
from flax import linen
from jax.typing import DTypeLike

from mtljax.base import Module
from mtljax.heads._mlp import mlp


def box(
    widths: Sequence[int] = (),
    *,
    pool: bool = False,
    activation: Callable[[jax.Array], jax.Array] = linen.relu,
    dropout: float = 0.0,
    dtype: DTypeLike | None = None,
) -> Module:
    """A head that predicts one box per example, ``[B, 4]``, with values in (0, 1).

    The head is an `mlp` head with a sigmoid at its end. The four values of a box are centre x,
    centre y, width and height, in units of the width and the height of the image.

    Args:
      widths: The number of units of each hidden layer.
      pool: Whether the features ``[B, ..., C]`` are averaged to ``[B, C]``, which loses the
        positions of objects. If False, they are flattened.
      activation: The activation function after every hidden layer.
      dropout: The share of hidden units that are dropped in training.
      dtype: The dtype of the computation. The default is float32. The output is always float32.

    Raises:
      ValueError: A width is below 1, or ``dropout`` is outside ``[0, 1)``.

    >>> import jax.numpy as jnp
    >>> head = box()
    >>> params, state = head.init(jax.random.key(0), jnp.ones((2, 3, 3, 5)))
    >>> head.apply(params, state, jnp.ones((2, 3, 3, 5)))[0].shape
    (2, 4)
    """
    tower = mlp(widths, 4, pool=pool, activation=activation, dropout=dropout, dtype=dtype)

    def apply(params, state, x, *, key=None, train=False):
        y, state = tower.apply(params, state, x, key=key, train=train)
        return jax.nn.sigmoid(y), state

    return Module(tower.init, apply)
