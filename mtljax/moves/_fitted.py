"""What every move between schemes checks."""

from typing import Any

import jax
import jax.numpy as jnp

from mtljax.base import PyTree


def part(tree: PyTree, path: str, scheme: str) -> Any:
    """The subtree at ``path``.

    Raises:
      ValueError: there is none; it names the scheme that would have it.

    >>> part({'task': {'heads': 1}}, 'task/heads', 'hard')
    1
    """
    found = tree
    for name in path.split('/'):
        if not isinstance(found, dict) or name not in found:
            keys = sorted(found) if isinstance(found, dict) else type(found).__name__
            raise ValueError(
                f'A tree of sharing.{scheme} is expected, with {path!r}. Found {keys} where '
                f'{name!r} should be.'
            )
        found = found[name]
    return found


def check_stages(found: Any, expected: Any) -> None:
    """Raise a ValueError unless two backbones have stages of the same names."""
    if set(found) != set(expected):
        raise ValueError(
            'Both models should be built on one backbone. '
            f'Found the stages {sorted(found)} and {sorted(expected)}.'
        )


def fitted(moved: PyTree, fresh: PyTree) -> PyTree:
    """``moved`` in the structure of ``fresh``.

    Raises:
      ValueError: leaves differ in names, shapes or dtypes; it lists them.

    >>> fitted({'a': jnp.ones(2)}, {'a': jnp.zeros(3)})
    Traceback (most recent call last):
    ValueError: Both models should be built on one backbone and the same heads, ...
    """
    found, expected = _leaves(moved), _leaves(fresh)
    different = [
        f'{path}: {found.get(path, "nothing")} here, {expected.get(path, "nothing")} there'
        for path in sorted(found.keys() | expected.keys())
        if found.get(path) != expected.get(path)
    ]
    if different:
        raise ValueError(
            'Both models should be built on one backbone and the same heads, of the same tasks. '
            f'Found {"; ".join(different[:3])}{"; ..." if different[3:] else ""}.'
        )
    return jax.tree.unflatten(jax.tree.structure(fresh), jax.tree.leaves(owned(moved)))


def owned(tree: PyTree) -> PyTree:
    """Copies of its arrays: the buffers of what was moved may be donated, and its source kept.

    >>> owned({'a': 1.0})
    {'a': 1.0}
    """
    return jax.tree.map(lambda x: jnp.copy(x) if isinstance(x, jax.Array) else x, tree)


def _leaves(tree: PyTree) -> dict[str, str]:
    return {
        jax.tree_util.keystr(path, simple=True, separator='/'): (
            f'{jnp.result_type(leaf)}{list(jnp.shape(leaf))}'
        )
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }
