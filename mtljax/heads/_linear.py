"""A linear head."""

from jax.typing import DTypeLike

from mtljax.base import Module
from mtljax.heads._mlp import mlp


def linear(
    size: int | None = None, *, pool: bool = False, dtype: DTypeLike | None = None
) -> Module:
    """A head with one dense layer. Its output is float32.

    Args:
      size: The number of outputs. The prediction is ``[B, size]``, or one number per example,
        ``[B]``, if the size is None.
      pool: Whether the features ``[B, ..., C]`` are averaged to ``[B, C]``. If False, they are
        flattened.
      dtype: The dtype of the computation. The default is float32.

    Raises:
      ValueError: ``size`` is below 1.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> head = linear(10)
    >>> params, state = head.init(jax.random.key(0), jnp.ones((2, 5)))
    >>> head.apply(params, state, jnp.ones((2, 5)))[0].shape
    (2, 10)
    """
    return mlp((), size, pool=pool, dtype=dtype)
