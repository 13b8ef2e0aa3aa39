"""The paths of leaves, as strings."""

from collections.abc import Callable
from typing import Any

import jax

from mtljax.base import PyTree


def path_name(keys: tuple[Any, ...]) -> str:
    """The path of a leaf as text, such as ``'stage0/Dense_0/kernel'``.

    Args:
      keys: The path as a tuple of keys, as the functions of ``jax.tree_util`` give it.

    >>> path_name((jax.tree_util.DictKey('stage0'), jax.tree_util.DictKey('kernel')))
    'stage0/kernel'
    """
    return jax.tree_util.keystr(keys, simple=True, separator='/')


def paths(tree: PyTree, is_leaf: Callable[[Any], bool] | None = None) -> list[str]:
    """The path of every leaf as text, in the order of the leaves.

    Args:
      tree: Any tree.
      is_leaf: A function that says which nodes count as leaves, as in ``jax.tree.leaves``.

    >>> paths({'a': {'b': 1, 'c': 2}})
    ['a/b', 'a/c']
    """
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree, is_leaf=is_leaf)
    return [path_name(keys) for keys, _ in leaves]
