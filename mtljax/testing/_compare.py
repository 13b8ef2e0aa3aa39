"""Comparisons that raise AssertionError with a message."""

from typing import Any

import jax
import numpy as np

from mtljax.base import PyTree


def require(condition: Any, message: str) -> None:
    """Raise AssertionError with the message unless the condition holds.

    >>> require(1 > 2, 'The weights should be positive.')
    Traceback (most recent call last):
    AssertionError: The weights should be positive.
    """
    if not condition:
        raise AssertionError(message)


def require_close(
    actual: PyTree, expected: PyTree, message: str, *, rtol: float = 1e-5, atol: float = 0.0
) -> None:
    """Raise AssertionError unless two trees have nearly the same numbers.

    >>> require_close({'a': np.ones(2)}, {'a': np.ones(2)}, 'The trees should be equal.')
    """
    for one, other in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol, err_msg=message)


def is_finite(tree: PyTree) -> bool:
    """Return whether all numbers of a tree are finite.

    >>> is_finite({'a': np.array([1.0, np.nan])})
    False
    """
    return all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(tree))


def is_zero(tree: PyTree) -> bool:
    """Return whether all numbers of a tree are 0.

    >>> is_zero({'a': np.zeros(2)})
    True
    """
    return not any(np.any(leaf) for leaf in jax.tree.leaves(tree))


def layout(tree: PyTree) -> list[tuple[Any, ...]]:
    """Return the shape, dtype and weak type of every leaf.

    >>> import jax.numpy as jnp
    >>> layout({'a': jnp.zeros(2)})
    [((2,), dtype('float32'), False)]
    """
    return [(x.shape, x.dtype, jax.typeof(x).weak_type) for x in jax.tree.leaves(tree)]
