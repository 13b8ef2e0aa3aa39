"""Parameter trees: take them apart by path, put them together, stack and count them."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from mtljax.base import PyTree

Where = None | Sequence[str] | Callable[[str], bool]
"""Which leaves: all, those under the named paths, or those whose path ``'a/b/c'`` is accepted."""


def select(tree: PyTree, where: Where = None) -> PyTree:
    """Mark the leaves that ``where`` names.

    Args:
      tree: any tree.
      where: None for every leaf, a sequence of paths (``'stage0'`` names all that lies under it),
        or a predicate on the path ``'stage0/Dense_0/kernel'``.

    Returns:
      A tree of booleans with the structure of ``tree``.

    Raises:
      ValueError: a named path holds no leaf.

    >>> select({'a': {'b': 1, 'c': 2}, 'd': 3}, ['a/b', 'd'])
    {'a': {'b': True, 'c': False}, 'd': True}
    """
    paths, treedef = jax.tree_util.tree_flatten_with_path(tree)
    names = [jax.tree_util.keystr(path, simple=True, separator='/') for path, _ in paths]
    if where is None:
        marks = [True] * len(names)
    elif callable(where):
        marks = [bool(where(name)) for name in names]
    else:
        prefixes = [where] if isinstance(where, str) else list(where)
        for prefix in prefixes:
            if not any(_is_under(name, prefix) for name in names):
                raise ValueError(f'No parameter lies under {prefix!r}. Found {names}.')
        marks = [any(_is_under(name, prefix) for prefix in prefixes) for name in names]
    return jax.tree.unflatten(treedef, marks)


def partition(tree: PyTree, marks: PyTree) -> tuple[PyTree, PyTree]:
    """Split a tree in two of the same structure: marked leaves, and the rest; holes are None.

    >>> partition({'a': 1, 'b': 2}, {'a': True, 'b': False})
    ({'a': 1, 'b': None}, {'a': None, 'b': 2})
    """
    marked = jax.tree.map(lambda leaf, mark: leaf if mark else None, tree, marks)
    rest = jax.tree.map(lambda leaf, mark: None if mark else leaf, tree, marks)
    return marked, rest


def merge(first: PyTree, second: PyTree) -> PyTree:
    """Fill the holes of ``first`` with the leaves of ``second``: the inverse of `partition`.

    >>> merge({'a': 1, 'b': None}, {'a': None, 'b': 2})
    {'a': 1, 'b': 2}
    """

    def fill(leaf, other):
        return other if leaf is None else leaf

    return jax.tree.map(fill, first, second, is_leaf=lambda leaf: leaf is None)


def stack(trees: Sequence[PyTree]) -> PyTree:
    """Stack trees of one structure along a new leading axis.

    >>> stack([{'a': jnp.zeros(3)}, {'a': jnp.ones(3)}])['a'].shape
    (2, 3)
    """
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def unstack(tree: PyTree) -> list[PyTree]:
    """Undo `stack`.

    >>> [row['a'].shape for row in unstack({'a': jnp.zeros((2, 3))})]
    [(3,), (3,)]
    """
    leaves = jax.tree.leaves(tree)
    return [row(tree, index) for index in range(leaves[0].shape[0])] if leaves else []


def row(tree: PyTree, index: int) -> PyTree:
    """One row of every leaf of a stacked tree.

    >>> row({'a': jnp.arange(4.0)}, 2)['a'].item()
    2.0
    """
    return jax.tree.map(lambda leaf: leaf[index], tree)


def set_row(tree: PyTree, index: int, values: PyTree) -> PyTree:
    """A stacked tree with one row of every leaf replaced.

    >>> set_row({'a': jnp.zeros(3)}, 1, {'a': 5.0})['a'].tolist()
    [0.0, 5.0, 0.0]
    """
    return jax.tree.map(lambda leaf, value: leaf.at[index].set(value), tree, values)


def single_to_cross_stitch(single: PyTree, fresh: PyTree) -> PyTree:
    """Start cross-stitched towers from networks that were trained alone.

    Parameters and state (batch statistics, frozen stages) are laid out alike: move both.

    Args:
      single: parameters, or the state, of `sharing.independent`.
      fresh: the same of `sharing.cross_stitch`, `nddr` or `sluice` on the same backbone and heads,
        with ``start=0`` and a unit after the last stage; its units stay.

    Raises:
      ValueError: towers or heads differ in names or shapes.

    >>> single = {'task': {'towers': {'stage0': jnp.ones((2, 3))}, 'heads': {'a': 1.0}}}
    >>> fresh = {'shared': {'towers': {'stage0': jnp.zeros((2, 3))}, 'units': {}},
    ...          'task': {'units': {'a': 0.9}, 'heads': {'a': 0.0}}}
    >>> single_to_cross_stitch(single, fresh)['task']
    {'units': {'a': 0.9}, 'heads': {'a': 1.0}}
    """
    found = {'towers': single['task']['towers'], 'heads': single['task']['heads']}
    wanted = {'towers': fresh['shared']['towers'], 'heads': fresh['task']['heads']}
    shapes = [jax.tree.map(jnp.shape, tree) for tree in (found, wanted)]
    if shapes[0] != shapes[1]:
        raise ValueError(f'Towers and heads should agree. Found {shapes[0]} and {shapes[1]}.')
    return {
        'shared': {**fresh['shared'], 'towers': found['towers']},
        'task': {**fresh['task'], 'heads': found['heads']},
    }


def count(tree: PyTree) -> int:
    """The number of parameters: the sum of the sizes of all leaves.

    >>> count({'kernel': jnp.zeros((3, 2)), 'bias': jnp.zeros(2)})
    8
    """
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def _is_under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f'{prefix}/')
