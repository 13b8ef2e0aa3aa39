"""A data set of some of its tasks."""

import jax
import numpy as np

from mtljax.base import Batch, Dataset, Split
from mtljax.data._split import ArraySplit


def only(dataset: Dataset, task: str) -> Dataset:
    """The data set of one task alone, for its single-task baseline.

    Examples without a label of that task are left out where the arrays are in memory; inputs
    ``{task: x}``, one per task, become ``x``.

    Raises:
      ValueError: there is no such task, or a split has no label of it.

    >>> from mtljax import data
    >>> alone = only(data.digits(train=8, validation=4, test=4), 'right')
    >>> list(alone.tasks), list(alone.train.example.targets)
    (['right'], ['right'])
    """
    if task not in dataset.tasks:
        raise ValueError(f'task should be one of {list(dataset.tasks)}. Found {task!r}.')
    splits = {'train': dataset.train, 'validation': dataset.validation, 'test': dataset.test}
    several = set(dataset.tasks)
    parts = {name: _part(name, split, task, several) for name, split in splits.items()}
    return Dataset({task: dataset.tasks[task]}, **parts, inputs=dataset.inputs)


def _part(name: str, split: Split, task: str, several: set[str]) -> Split:
    if not isinstance(split, ArraySplit):
        return _View(split, task, several)
    arrays = _of_task(split.arrays, task, several)
    labelled = arrays.mask[task].reshape(split.size, -1).any(axis=1)
    if not labelled.any():
        raise ValueError(f'The {name} split has no label of task {task!r}.')
    if labelled.all():
        return ArraySplit(arrays)
    return ArraySplit(jax.tree.map(lambda leaf: leaf[labelled], arrays))


class _View:
    """One task of a split that reads its examples on demand."""

    def __init__(self, split: Split, task: str, several: set[str]):
        self._split, self._task, self._several = split, task, several

    @property
    def size(self) -> int:
        """The number of examples."""
        return self._split.size

    @property
    def example(self) -> Batch:
        """A small batch."""
        return _of_task(self._split.example, self._task, self._several)

    def take(self, indices: np.ndarray) -> Batch:
        """The examples at ``indices``."""
        return _of_task(self._split.take(indices), self._task, self._several)

    def batches(self, batch_size: int, *, epochs: int = 1, seed: int = 0):
        """Shuffled batches of equal size."""
        for batch in self._split.batches(batch_size, epochs=epochs, seed=seed):
            yield _of_task(batch, self._task, self._several)


def _of_task(batch: Batch, task: str, several: set[str]) -> Batch:
    inputs = batch.inputs
    if isinstance(inputs, dict) and set(inputs) == several:
        inputs = inputs[task]
    return Batch(inputs, {task: batch.targets[task]}, {task: batch.mask[task]})
