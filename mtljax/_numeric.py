"""Small array operations that several packages need."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


def divisor(x: ArrayLike, where: ArrayLike | None = None) -> Array:
    """``x`` where it is positive and 1 elsewhere, as a divisor that is never 0.

    Args:
      x: An array.
      where: The entries of ``x`` that stay; by default those with ``x > 0``.

    >>> divisor(jnp.array([2.0, 0.0])).tolist()
    [2.0, 1.0]
    """
    return jnp.where(jnp.asarray(x) > 0 if where is None else where, x, 1)


def divide(numerator: ArrayLike, x: ArrayLike, where: ArrayLike | None = None) -> Array:
    """``numerator / x`` where ``x`` is positive, and 0 elsewhere.

    Args:
      numerator: An array or a number.
      x: An array.
      where: The entries that are divided; by default those with ``x > 0``.

    >>> divide(3.0, jnp.array([2.0, 0.0])).tolist()
    [1.5, 0.0]
    """
    where = jnp.asarray(x) > 0 if where is None else where
    return jnp.where(where, numerator / divisor(x, where), 0)


def per_row(values: Array, leaf: Array) -> Array:
    """``values`` ``[T]`` as ``[T, 1, ...]``, so that they broadcast against ``leaf`` ``[T, ...]``.

    >>> per_row(jnp.ones(2), jnp.ones((2, 3, 4))).shape
    (2, 1, 1)
    """
    return values.reshape((-1,) + (1,) * (leaf.ndim - 1))


def mean_over(axis_name: str | None, tree: Any) -> Any:
    """The mean of a tree over the devices of a mapped axis; the tree itself when there is no axis.

    >>> mean_over(None, 2.0)
    2.0
    """
    return tree if axis_name is None else jax.lax.pmean(tree, axis_name)
