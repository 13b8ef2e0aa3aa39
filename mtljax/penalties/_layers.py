"""The leaves of a parameter tree that a penalty acts on."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from mtljax import trees
from mtljax.base import Array, PyTree

WEIGHT_AXES = 3  # one axis of copies, and at least two of a weight


def under(params: PyTree, where: str | None) -> dict[str, Any]:
    """The leaves below a path, by the rest of their path. None and ``{}`` count as leaves.

    Raises:
      ValueError: There is no parameter below the path.

    >>> under({'task': {'towers': {'stage0': 1, 'stage1': {}}}}, 'task/towers')
    {'stage0': 1, 'stage1': {}}
    >>> under({'task': {'heads': 1}}, 'task/towers')
    Traceback (most recent call last):
    ValueError: No parameter lies under where = 'task/towers'. Found ['task/heads'].
    """
    names = trees.paths(params, is_leaf=_is_hole)
    leaves = dict(zip(names, jax.tree.leaves(params, is_leaf=_is_hole), strict=True))
    if where is None:
        return leaves
    below = {
        name[len(where) :].lstrip('/'): leaf
        for name, leaf in leaves.items()
        if is_under(name, where)
    }
    if not below:
        depth = where.count('/') + 1
        there = sorted({'/'.join(name.split('/')[:depth]) for name in leaves})
        raise ValueError(f'No parameter lies under where = {where!r}. Found {there}.')
    return below


def select_layers(leaves: Mapping[str, Any], where: trees.Where) -> dict[str, Array]:
    """The leaves ``[T, ...]`` that a penalty acts on; by default the weights.

    Args:
      leaves: The leaves by their path; see `under`.
      where: A choice of leaves as in `trees.select`. None chooses the leaves with at least two axes
        per tower that are not named ``bias``.

    Raises:
      ValueError: No leaf is chosen, or the chosen leaves have no common leading axis.

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
            'A penalty acts on weights: leaves [T, ...] with at least two axes per copy that are '
            f"not named 'bias', or leaves that leaves=... accepts. Found no weight in {shapes}."
        )
    if chosen and (len({shape[:1] for shape in shapes.values()}) != 1 or () in shapes.values()):
        raise ValueError(
            f'Parallel copies should have one leading axis, [T, ...] in every leaf. Found {shapes}.'
        )
    return chosen


def is_under(name: str, prefix: str) -> bool:
    """Whether a path is equal to ``prefix`` or lies below it; ``''`` is the root.

    >>> is_under('task/towers/stage0', 'task'), is_under('task/towers', 'task/tower')
    (True, False)
    """
    return not prefix or name == prefix or name.startswith(f'{prefix}/')


def _is_weight(name, leaf):
    """Whether a leaf is a weight. The name decides too: biases of attention have two axes."""
    return jnp.ndim(leaf) >= WEIGHT_AXES and name.rpartition('/')[2] != 'bias'


def _is_hole(leaf):
    """None, an empty mapping, or an empty tuple, such as optax's MaskedNode."""
    return leaf is None or (isinstance(leaf, Mapping | tuple) and not leaf)
