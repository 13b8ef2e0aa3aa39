"""Trees of the same structure, stacked along a leading axis."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from mtljax.base import PyTree


def stack(trees: Sequence[PyTree]) -> PyTree:
    """Stack trees of the same structure along a new leading axis.

    >>> stack([{'a': jnp.zeros(3)}, {'a': jnp.ones(3)}])['a'].shape
    (2, 3)
    """
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def unstack(tree: PyTree) -> list[PyTree]:
    """Split a tree along the leading axis of its leaves. This is the inverse of `stack`.

    >>> [row['a'].shape for row in unstack({'a': jnp.zeros((2, 3))})]
    [(3,), (3,)]
    """
    leaves = jax.tree.leaves(tree)
    return [row(tree, index) for index in range(leaves[0].shape[0])] if leaves else []


def row(tree: PyTree, index: int) -> PyTree:
    """Take entry ``index`` along the leading axis of every leaf.

    >>> row({'a': jnp.arange(4.0)}, 2)['a'].item()
    2.0
    """
    return jax.tree.map(lambda leaf: leaf[index], tree)


def set_row(tree: PyTree, index: int, values: PyTree) -> PyTree:
    """Replace entry ``index`` along the leading axis of every leaf by the leaves of ``values``.

    >>> set_row({'a': jnp.zeros(3)}, 1, {'a': 5.0})['a'].tolist()
    [0.0, 5.0, 0.0]
    """
    return jax.tree.map(lambda leaf, value: leaf.at[index].set(value), tree, values)
