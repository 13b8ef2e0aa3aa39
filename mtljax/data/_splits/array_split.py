"""A split of NumPy arrays in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from mtljax.base import Batch
from mtljax.data._splits.batched import Batched
from mtljax.data._splits.to_arrays import at_first, finite, narrow, to_arrays


@dataclass(frozen=True, eq=False)
class ArraySplit(Batched):
    """Examples held as NumPy arrays; training may keep them on the device.

    Attributes:
      arrays: all examples as one `Batch`.
    """

    arrays: Batch

    @property
    def size(self) -> int:
        """The number of examples."""
        return len(next(iter(self.arrays.mask.values())))

    def take(self, indices: Any) -> Batch:
        """The examples at ``indices``."""
        return jax.tree.map(lambda leaf: leaf[indices], self.arrays)


def array_split(
    inputs: Any, targets: Mapping[str, Any], mask: Mapping[str, Any] | None = None
) -> ArraySplit:
    """Check a user's arrays and make a split of them.

    Args:
      inputs: a tree of arrays ``[N, ...]`` of finite numbers. A list of numbers is an array.
      targets: ``{task: tree of arrays [N, ...]}``; integers are classes, numbered from 0.
      mask: ``{task: booleans [N] or a longer prefix of the target's shape}``: which labels exist;
        all of a task that is left out.

    Raises:
      ValueError: no example, different lengths, what is no number or does not fit 32 bits, an input
        that is not finite, a mask that does not fit, or a target that is not finite, or an integer
        below 0, where the mask does not exclude it; it names the array and the index.

    >>> split = array_split(np.ones((3, 2)), {'y': np.array([1.0, 2.0, np.nan])},
    ...                     {'y': np.array([True, True, False])})
    >>> split.size, split.arrays.targets['y'].tolist()
    (3, [1.0, 2.0, 0.0])
    """
    mask = dict(mask or {})
    inputs = to_arrays('inputs', inputs)
    targets = {task: to_arrays(f'targets[{task!r}]', tree) for task, tree in targets.items()}
    size = _length(inputs, targets)
    unknown = set(mask) - set(targets)
    if unknown:
        raise ValueError(f'mask names tasks without targets, {sorted(unknown)}: {sorted(targets)}.')
    masks = {task: _mask(task, mask.get(task), tree, size) for task, tree in targets.items()}
    cleaned = {
        task: jax.tree.map(lambda leaf, t=task: _clean(t, leaf, masks[t]), tree)
        for task, tree in targets.items()
    }
    return ArraySplit(Batch(finite('inputs', inputs), cleaned, masks))


def _length(inputs, targets) -> int:
    if not targets:
        raise ValueError('targets is empty: {task: array [N, ...]} is expected.')
    named = [('inputs', inputs), *((f'targets[{task!r}]', y) for task, y in targets.items())]
    lengths = {}
    for name, tree in named:
        for leaf in jax.tree.leaves(tree):
            if np.ndim(leaf) == 0:
                raise ValueError(f'{name} should have a leading axis of examples. Found a scalar.')
            lengths.setdefault(len(leaf), name)
    if len(lengths) != 1:
        found = ', '.join(f'{name} has {length}' for length, name in lengths.items())
        raise ValueError(f'Inputs and targets should hold the same number of examples: {found}.')
    if 0 in lengths:
        raise ValueError('The split is empty: at least one example is expected.')
    return next(iter(lengths))


def _mask(task, mask, target, size):
    if mask is None:
        return np.ones(size, bool)
    mask = np.asarray(mask)
    if mask.dtype != bool and not np.isin(mask, (0, 1)).all():
        raise ValueError(f'mask[{task!r}] should be boolean. Found dtype {mask.dtype}.')
    shapes = [leaf.shape for leaf in jax.tree.leaves(target)]
    if mask.ndim == 0 or len(mask) != size or all(s[: mask.ndim] != mask.shape for s in shapes):
        raise ValueError(
            f'mask[{task!r}] should have the shape ({size},), or a longer prefix of the shape of '
            f'the target, {shapes}. Found {mask.shape}.'
        )
    return mask.astype(bool)


def _clean(task, leaf, mask):
    rows = mask if leaf.shape[: mask.ndim] == mask.shape else mask.reshape(len(mask), -1).any(1)
    rows = np.broadcast_to(rows.reshape(rows.shape + (1,) * (leaf.ndim - rows.ndim)), leaf.shape)
    leaf = narrow(f'targets[{task!r}]', np.where(rows, leaf, np.zeros((), leaf.dtype)))
    bad = ~np.isfinite(leaf)
    if bad.any():
        raise ValueError(
            f'The target of task {task!r} is {at_first(leaf, bad)}; {bad.sum()} entries are not '
            f'finite: mask them, mask={{{task!r}: np.isfinite(y)}}.'
        )
    if leaf.dtype.kind == 'i' and leaf.min(initial=0) < 0:
        raise ValueError(
            f'The target of task {task!r} is {at_first(leaf, leaf < 0)}: integers are classes, '
            f'numbered from 0. Mask what has no class, mask={{{task!r}: y >= 0}}, or make the '
            'target float.'
        )
    return leaf
