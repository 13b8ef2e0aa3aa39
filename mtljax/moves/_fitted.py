"""Checks of the parameter trees that are moved."""

from typing import Any

import jax
import jax.numpy as jnp

from mtljax.base import PyTree
from mtljax.trees import path_name


def part(tree: PyTree, path: str, scheme: str) -> Any:
    """The subtree at ``path``.

    Raises:
      ValueError: There is no such subtree. The message names the scheme that has it.

    >>> part({'task': {'heads': 1}}, 'task/heads', 'hard')
    1
    """
    inner = tree
    for name in path.split('/'):
        if not isinstance(inner, dict) or name not in inner:
            keys = sorted(inner) if isinstance(inner, dict) else type(inner).__name__
            raise ValueError(
                f'The tree should be one of sharing.{scheme}, with {path!r}. '
                f'Found {keys} in place of {name!r}.'
            )
        inner = inner[name]
    return inner


def check_stages(stages: Any, expected: Any) -> None:
    """Raise a ValueError unless two backbones have stages of the same names."""
    if set(stages) != set(expected):
        raise ValueError(
            'Both models should be built on one backbone. '
            f'Found the stages {sorted(stages)} and {sorted(expected)}.'
        )


def fitted(moved: PyTree, fresh: PyTree) -> PyTree:
    """The leaves of ``moved`` in the structure of ``fresh``.

    Raises:
      ValueError: Leaves differ in names, shapes or dtypes. The message lists them.

    >>> fitted({'a': jnp.ones(2)}, {'a': jnp.zeros(3)})
    Traceback (most recent call last):
    ValueError: Both models should be built on one backbone and the same heads, ...
    """
    leaves, expected = _leaves(moved), _leaves(fresh)
    different = [
        f'{path}: {leaves.get(path, "nothing")} here, {expected.get(path, "nothing")} there'
        for path in sorted(leaves.keys() | expected.keys())
        if leaves.get(path) != expected.get(path)
    ]
    if different:
        raise ValueError(
            'Both models should be built on one backbone and the same heads, of the same tasks. '
            f'Found {"; ".join(different[:3])}{"; ..." if different[3:] else ""}.'
        )
    return jax.tree.unflatten(jax.tree.structure(fresh), jax.tree.leaves(copied(moved)))


def copied(tree: PyTree) -> PyTree:
    """A tree with copies of the arrays, so that its buffers can be donated.

    >>> copied({'a': 1.0})
    {'a': 1.0}
    """
    return jax.tree.map(lambda x: jnp.copy(x) if isinstance(x, jax.Array) else x, tree)


def _leaves(tree: PyTree) -> dict[str, str]:
    return {
        path_name(path): f'{jnp.result_type(leaf)}{list(jnp.shape(leaf))}'
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }
