"""The data set of a single task."""

import jax

from mtljax.base import Batch, Dataset, Split
from mtljax.data._splits.array_split import ArraySplit
from mtljax.data._splits.mapped_split import MappedSplit
from mtljax.options import check_count


def only(dataset: Dataset, task: str, *, batch_size: int = 1) -> Dataset:
    """The data set of one task, for a single-task baseline.

    If the data set is stored in memory, examples without a label for this task are left out. If
    every task has its own inputs (``dataset.per_task_inputs``), the new data set has the inputs of
    this task only.

    Args:
      dataset: A data set of several tasks.
      task: The name of the task to keep.
      batch_size: The batch size of training. If fewer training examples than this number have a
        label, the training examples without a label are kept, and are masked.

    Raises:
      ValueError: The task is unknown, or a split has no label for this task.

    >>> from mtljax import data
    >>> alone = only(data.digits(train=8, validation=4, test=4), 'right')
    >>> list(alone.tasks), list(alone.train.example.targets)
    (['right'], ['right'])
    """
    check_count('batch_size', batch_size, 1)
    if task not in dataset.tasks:
        raise ValueError(f'task should be one of {list(dataset.tasks)}. Found {task!r}.')
    splits = {'train': dataset.train, 'validation': dataset.validation, 'test': dataset.test}
    least = {'train': batch_size}
    parts = {
        name: _part(name, split, task, dataset.per_task_inputs, least.get(name, 1))
        for name, split in splits.items()
    }
    tasks = {task: dataset.tasks[task]}
    train, validation, test = (parts[name] for name in splits)
    return Dataset(tasks, train, validation, test, inputs=dataset.inputs)


def _part(name: str, split: Split, task: str, per_task_inputs: bool, least: int) -> Split:
    if not isinstance(split, ArraySplit):
        return MappedSplit(split, lambda batch, _: _of_task(batch, task, per_task_inputs))
    arrays = _of_task(split.arrays, task, per_task_inputs)
    labelled = arrays.mask[task].reshape(split.size, -1).any(axis=1)
    if not labelled.any():
        raise ValueError(f'The {name} split should hold labels of task {task!r}. Found none.')
    if labelled.all() or labelled.sum() < least:
        return ArraySplit(arrays)
    return ArraySplit(jax.tree.map(lambda leaf: leaf[labelled], arrays))


def _of_task(batch: Batch, task: str, per_task_inputs: bool) -> Batch:
    inputs = batch.inputs[task] if per_task_inputs else batch.inputs
    weight = {task: batch.weight[task]} if task in batch.weight else {}
    return Batch(inputs, {task: batch.targets[task]}, {task: batch.mask[task]}, weight)
