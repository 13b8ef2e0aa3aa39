"""The size of a tree."""

import jax

from mtljax.base import PyTree


def count(tree: PyTree) -> int:
    """The number of parameters in a tree: the sum of the sizes of its leaves.

    >>> import jax.numpy as jnp
    >>> count({'kernel': jnp.zeros((3, 2)), 'bias': jnp.zeros(2)})
    8
    """
    return sum(leaf.size for leaf in jax.tree.leaves(tree))
