"""Split trees by path, and merge them."""

from collections.abc import Callable, Sequence

import jax

from mtljax.base import PyTree
from mtljax.trees._paths import paths

Where = None | Sequence[str] | Callable[[str], bool]
"""A choice of leaves: None for all, a sequence of paths, or a function from a path to a boolean."""


def select(tree: PyTree, where: Where = None) -> PyTree:
    """Mark chosen leaves of a tree with True, and all other leaves with False.

    Args:
      tree: Any tree.
      where: None chooses every leaf. A sequence of paths such as ``['stage0']`` chooses the leaves
        at these paths and below them. A function from a path such as ``'stage0/Dense_0/kernel'`` to
        a boolean chooses the leaves for which it returns True.

    Returns:
      A tree of booleans with the structure of ``tree``.

    Raises:
      ValueError: There is no leaf at a path or below it.

    >>> select({'a': {'b': 1, 'c': 2}, 'd': 3}, ['a/b', 'd'])
    {'a': {'b': True, 'c': False}, 'd': True}
    """
    names, treedef = paths(tree), jax.tree.structure(tree)
    if where is None:
        marks = [True] * len(names)
    elif callable(where):
        marks = [bool(where(name)) for name in names]
    else:
        prefixes = [where] if isinstance(where, str) else list(where)
        for prefix in prefixes:
            if not any(_is_under(name, prefix) for name in names):
                raise ValueError(
                    f'where should name paths of parameters. Found {prefix!r}. Choose from {names}.'
                )
        marks = [any(_is_under(name, prefix) for prefix in prefixes) for name in names]
    return jax.tree.unflatten(treedef, marks)


def partition(tree: PyTree, marks: PyTree) -> tuple[PyTree, PyTree]:
    """Split a tree into its marked leaves and its other leaves.

    Args:
      tree: Any tree.
      marks: A tree of booleans with the structure of ``tree``, such as `select` returns.

    Returns:
      Two trees with the structure of ``tree``. The first one holds the marked leaves, and the
      second one holds all other leaves. Each tree has None in the places of the leaves that it does
      not hold.

    >>> partition({'a': 1, 'b': 2}, {'a': True, 'b': False})
    ({'a': 1, 'b': None}, {'a': None, 'b': 2})
    """
    marked = jax.tree.map(lambda leaf, mark: leaf if mark else None, tree, marks)
    rest = jax.tree.map(lambda leaf, mark: None if mark else leaf, tree, marks)
    return marked, rest


def merge(first: PyTree, second: PyTree) -> PyTree:
    """Undo `partition`: put the leaves of ``second`` in the places where ``first`` has None.

    >>> merge({'a': 1, 'b': None}, {'a': None, 'b': 2})
    {'a': 1, 'b': 2}
    """

    def fill(leaf, other):
        return other if leaf is None else leaf

    return jax.tree.map(fill, first, second, is_leaf=lambda leaf: leaf is None)


def _is_under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f'{prefix}/')
