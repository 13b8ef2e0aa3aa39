"""Which leaves of a parameter tree a penalty acts on."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from mtljax import trees
from mtljax.base import Array, PyTree

WEIGHT_AXES = 3  # one of copies, at least two of a weight


def under(params: PyTree, where: str | None) -> dict[str, Any]:
    """The leaves below a path, by their own path from there; None and ``{}`` count as leaves.

    Raises:
      ValueError: nothing lies there.

    >>> under({'task': {'towers': {'stage0': 1, 'stage1': {}}}}, 'task/towers')
    {'stage0': 1, 'stage1': {}}
    >>> under({'task': {'heads': 1}}, 'task/towers')
    Traceback (most recent call last):
    ValueError: No parameter lies under where = 'task/towers'. Found ['task/heads'].
    """
    paths, _ = jax.tree_util.tree_flatten_with_path(params, is_leaf=_is_hole)
    leaves = {name_of(path): leaf for path, leaf in paths}
    if where is None:
        return leaves
    found = {
        name[len(where) :].lstrip('/'): leaf
        for name, leaf in leaves.items()
        if is_under(name, where)
    }
    if not found:
        depth = where.count('/') + 1
        there = sorted({'/'.join(name.split('/')[:depth]) for name in leaves})
        raise ValueError(f'No parameter lies under where = {where!r}. Found {there}.')
    return found


def select_layers(leaves: Mapping[str, Any], where: trees.Where) -> dict[str, Array]:
    """The leaves ``[T, ...]`` that a penalty acts on; by default those that are weights.

    Args:
      leaves: see `under`.
      where: None for leaves with at least two axes per copy that are not named ``bias``, else as in
        `trees.select`.

    Raises:
      ValueError: no leaf is chosen, or the chosen ones have no common leading axis.

    >>> dense = {'kernel': jnp.zeros((2, 4, 3)), 'bias': jnp.zeros((2, 3))}
    >>> list(select_layers(dense, None)), list(select_layers(dense, ['bias']))
    (['kernel'], ['bias'])
    """
    arrays = {name: leaf for name, leaf in leaves.items() if not _is_hole(leaf)}
    marks = {name: _is_weight(name, leaf) for name, leaf in arrays.items()}
    if where is not None and arrays:
        marks = trees.select(arrays, where)
    chosen = {
        name: jnp.asarray(leaf)
        for name, leaf in arrays.items()
        if marks[name] and jnp.issubdtype(jnp.result_type(leaf), jnp.floating)
    }
    shapes = {name: jnp.shape(leaf) for name, leaf in (chosen or arrays).items()}
    if not chosen and arrays and len(arrays) == len(leaves):
        raise ValueError(
            'A penalty acts on weights, leaves [T, ...] with at least two axes per copy that are '
            f"not named 'bias', or on what leaves=... accepts. Found none in {shapes}."
        )
    if chosen and (len({shape[:1] for shape in shapes.values()}) != 1 or () in shapes.values()):
        raise ValueError(
            f'Parallel copies share one leading axis, [T, ...] in every leaf. Found {shapes}.'
        )
    return chosen


def name_of(path: tuple[Any, ...]) -> str:
    """A path of keys as ``'stage0/Dense_0/kernel'``."""
    return jax.tree_util.keystr(path, simple=True, separator='/')


def is_under(name: str, prefix: str) -> bool:
    """Whether a leaf's path is another one or continues it; ``''`` is the root.

    >>> is_under('task/towers/stage0', 'task'), is_under('task/towers', 'task/tower')
    (True, False)
    """
    return not prefix or name == prefix or name.startswith(f'{prefix}/')


def _is_weight(name, leaf):
    """Attention has biases of two axes: heads and their channels."""
    return jnp.ndim(leaf) >= WEIGHT_AXES and name.rpartition('/')[2] != 'bias'


def _is_hole(leaf):
    """None, an empty mapping, or an empty tuple, such as optax's MaskedNode."""
    return leaf is None or (isinstance(leaf, Mapping | tuple) and not leaf)
