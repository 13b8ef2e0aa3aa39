"""A split of NumPy arrays in memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from mtljax.base import Batch
from mtljax.data._order import batch_indices


@dataclass(frozen=True)
class ArraySplit:
    """Examples held as NumPy arrays; training may keep them on the device.

    Attributes:
      arrays: all examples as one `Batch`.
    """

    arrays: Batch

    @property
    def size(self) -> int:
        """The number of examples."""
        return len(next(iter(self.arrays.mask.values())))

    @property
    def example(self) -> Batch:
        """The first two examples."""
        return self.take(np.arange(min(2, self.size)))

    def take(self, indices: Any) -> Batch:
        """The examples at ``indices``."""
        return jax.tree.map(lambda leaf: leaf[indices], self.arrays)

    def batches(self, batch_size: int, *, epochs: int = 1, seed: int = 0) -> Iterator[Batch]:
        """Shuffled batches of equal size; each epoch drops its last incomplete batch."""
        batch_indices(self.size, batch_size, seed, 0, 1)  # refuses a batch size that does not fit
        for step in range(epochs * (self.size // batch_size)):
            yield self.take(batch_indices(self.size, batch_size, seed, step, step + 1)[0])


def array_split(
    inputs: Any, targets: Mapping[str, Any], mask: Mapping[str, Any] | None = None
) -> ArraySplit:
    """Check a user's arrays and make a split of them.

    Args:
      inputs: a tree of arrays ``[N, ...]``.
      targets: ``{task: tree of arrays [N, ...]}``.
      mask: ``{task: booleans [N] or a longer prefix of the target's shape}``: which labels exist;
        all of a task that is left out.

    Raises:
      ValueError: no example, different lengths, a mask that does not fit, or a target that is not
        finite where the mask does not exclude it.

    >>> split = array_split(np.ones((3, 2)), {'y': np.array([1.0, 2.0, np.nan])},
    ...                     {'y': np.array([True, True, False])})
    >>> split.size, split.arrays.targets['y'].tolist()
    (3, [1.0, 2.0, 0.0])
    """
    mask = dict(mask or {})
    inputs = jax.tree.map(np.asarray, inputs)
    size = _length(inputs, targets)
    unknown = set(mask) - set(targets)
    if unknown:
        raise ValueError(f'mask names tasks without targets, {sorted(unknown)}: {sorted(targets)}.')
    masks, cleaned = {}, {}
    for task, target in targets.items():
        target = jax.tree.map(np.asarray, target)
        masks[task] = _mask(task, mask.get(task), target, size)
        cleaned[task] = jax.tree.map(lambda leaf, t=task: _clean(t, leaf, masks[t]), target)
    return ArraySplit(Batch(jax.tree.map(_narrow, inputs), cleaned, masks))


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
    if leaf.dtype.kind in 'fc':
        bad = np.argwhere(rows & ~np.isfinite(leaf))
        if len(bad):
            index = tuple(bad[0].tolist())
            raise ValueError(
                f'The target of task {task!r} is {leaf[index]} at {index}; {len(bad)} entries are '
                f'not finite: mask them, mask={{{task!r}: np.isfinite(y)}}.'
            )
    return _narrow(np.where(rows, leaf, np.zeros((), leaf.dtype)))


def _narrow(leaf):
    """The dtype that JAX keeps by default: 32 bits."""
    narrow = leaf.astype(jax.dtypes.canonicalize_dtype(leaf.dtype))
    if leaf.dtype.kind in 'iu' and not (narrow == leaf).all():
        raise ValueError(
            f'Integers up to {np.abs(leaf).max()} do not fit {narrow.dtype}, which JAX computes '
            'with: number them from 0.'
        )
    return narrow
