"""A split of NumPy arrays in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from mtljax._near import did_you_mean
from mtljax.base import Batch
from mtljax.data._splits.batched import Batched
from mtljax.data._splits.missing import with_missing
from mtljax.data._splits.to_arrays import at_first, finite, narrow, to_arrays
from mtljax.data._splits.weights import weights_of, with_weights


@dataclass(frozen=True, eq=False)
class ArraySplit(Batched):
    """A split whose examples are NumPy arrays in memory. Training may keep them on the device.

    Attributes:
      arrays: All examples as one `Batch`.
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
    inputs: Any,
    targets: Mapping[str, Any],
    mask: Mapping[str, Any] | None = None,
    *,
    ignore: float | Mapping[str, float] | None = None,
    weight: Any = None,
) -> ArraySplit:
    """Check arrays, and make a split of a data set from them.

    Args:
      inputs: An array ``[N, ...]`` of finite numbers for N examples, or a tree of such arrays. A
        list of numbers counts as an array.
      targets: ``{task: target}``, where a target is an array ``[N, ...]`` or a tree of such arrays.
        Integers are class numbers, counted from 0.
      mask: ``{task: booleans}``, which are True where the label exists. The shape is ``[N]`` for
        one label per example, or for example ``[N, height, width]`` for one label per pixel. If the
        mask leaves out a task, all labels of this task exist. A target without a label is stored as
        0. The masked entries of a masked array of NumPy are no labels, either.
      ignore: A value that means that a label is missing, such as 255 or -1, for all tasks. Pass
        ``{task: value}`` for some tasks.
      weight: ``{task: weights}``, which say how much each label counts in losses and metrics. A
        weight is a finite number >= 0, and a label of weight 0 counts as missing. The shape is
        ``[N]`` or a longer prefix of the shape of the target. One array ``[N]`` holds for all
        tasks. The labels of a task without weights all count the same.

    Raises:
      ValueError: There is no example, or the arrays differ in length. A ValueError is also raised
        if an array does not hold numbers, if an integer does not fit 32 bits, if an input is not
        finite, if a mask or a weight has the wrong shape, if a weight is below 0 or not finite, or
        if a target that is not masked is infinite, NaN, or an integer below 0. The error names the
        array, and the index of a wrong value.

    >>> split = array_split(np.ones((3, 2)), {'y': np.array([1.0, 2.0, np.nan])},
    ...                     {'y': np.array([True, True, False])})
    >>> split.size, split.arrays.targets['y'].tolist()
    (3, [1.0, 2.0, 0.0])
    """
    mask = dict(mask or {})
    inputs = to_arrays('inputs', inputs)
    mask = with_missing(targets, mask, ignore)
    targets = {task: _plain(target) for task, target in targets.items()}
    targets = {task: to_arrays(f'targets[{task!r}]', tree) for task, tree in targets.items()}
    size = _length(inputs, targets)
    unknown = set(mask) - set(targets)
    if unknown:
        raise ValueError(
            f'mask should name tasks with targets, {sorted(targets)}. Found {sorted(unknown)}.'
            f'{did_you_mean(sorted(unknown), targets)}'
        )
    masks = {task: _mask(task, mask.get(task), tree, size) for task, tree in targets.items()}
    weights = weights_of(weight, targets, masks)
    masks |= {task: with_weights(masks[task], each) for task, each in weights.items()}
    cleaned = {
        task: jax.tree.map(lambda leaf, t=task: _clean(t, leaf, masks[t]), tree)
        for task, tree in targets.items()
    }
    return ArraySplit(Batch(finite('inputs', inputs), cleaned, masks, weights))


def _plain(target: Any) -> Any:
    return np.ma.getdata(target) if np.ma.isMaskedArray(target) else target


def _length(inputs, targets) -> int:
    if not targets:
        raise ValueError('targets should be {task: array [N, ...]}. Found no task.')
    named = [('inputs', inputs), *((f'targets[{task!r}]', y) for task, y in targets.items())]
    lengths = {}
    for name, tree in named:
        for leaf in jax.tree.leaves(tree):
            if np.ndim(leaf) == 0:
                raise ValueError(f'{name} should have a leading axis of examples. Found a scalar.')
            lengths.setdefault(len(leaf), name)
    if len(lengths) != 1:
        sizes = ', '.join(f'{name} has {length}' for length, name in lengths.items())
        raise ValueError(
            f'Inputs and targets should hold the same number of examples. Found: {sizes}.'
        )
    if 0 in lengths:
        raise ValueError('A split should hold an example or more. Found arrays of length 0.')
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
            f'The target of task {task!r} should be finite. Found {at_first(leaf, bad)}, and '
            f'{bad.sum()} such entries in all. Mask them: mask={{{task!r}: np.isfinite(y)}}.'
        )
    if leaf.dtype.kind == 'i' and leaf.min(initial=0) < 0:
        raise ValueError(
            f'The target of task {task!r} should be 0 or more, because integers are classes. '
            f'Found {at_first(leaf, leaf < 0)}. Mask examples without a class, '
            f'mask={{{task!r}: y >= 0}}, or make the target float.'
        )
    return leaf
