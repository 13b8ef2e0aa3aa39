"""A check of data sets, for the tests of a data loader."""

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from mtljax.base import Batch, Dataset, Split
from mtljax.testing._compare import require
from mtljax.testing._data_task import check_task


def check_data(dataset: Dataset) -> None:
    """Check that a data set follows the rules that every `Dataset` must follow.

    These rules hold for each split:

    - The split has at least one example, and ``example`` has the same structure as the result of
      ``take``.
    - ``take`` returns the examples in the order of the indices, also if an index is repeated. Every
      call with the same indices returns the same examples.
    - Two calls of ``batches`` with the same seed return the same batches. Each batch has the
      requested size.
    - All leaves are finite NumPy arrays, whose numbers have at most 32 bits and whose first axis is
      over the examples. The three splits have the same structure, dtypes and shapes per example.
    - Targets and masks are dicts with the names of the tasks as keys. Masks are boolean. A mask has
      the shape ``[B, ...]`` of the loss per example, or only its first axes. Weights, if there are
      some, are numbers >= 0 with the shape of the mask or its first axes.

    These rules hold for each task. The function checks them with random features as the output of a
    backbone:

    - The head returns a prediction. The loss of the prediction is finite, has the shape
      ``[B, ...]`` for B examples and can be differentiated.
    - Every metric has a finite result, or NaN if the metric is not defined for these examples.
    - ``task.inverse``, which converts predictions to the units of the data, keeps their shape.

    Args:
      dataset: A small data set, for example one that your loader reads from a small file that you
        made for the test.

    Raises:
      AssertionError: The data set breaks a rule. The message names the split, the task and the
        rule.

    >>> from mtljax import data
    >>> check_data(data.digits(train=20, validation=6, test=6))
    """
    splits = {
        'train': dataset.train,
        'validation': dataset.validation,
        'test': dataset.test,
    }
    layouts = {name: _check_split(name, split, dataset) for name, split in splits.items()}
    for name, layout in layouts.items():
        require(
            layout == layouts['train'],
            f'The {name} split should have the structure, shapes and dtypes of the train split, '
            f'{layouts["train"]}. Found {layout}.',
        )
    example = dataset.train.example
    checked = set()
    for name, task in dataset.tasks.items():
        target, mask = example.targets[name], example.mask[name]
        same = (id(task), str(jax.tree.map(np.shape, (target, mask))))
        if same not in checked:  # tasks of many data sets share their head, loss and metrics
            check_task(name, task, target, mask)
        checked.add(same)


def _check_split(name: str, split: Split, dataset: Dataset) -> Any:
    """Check one split; return the structure, the shapes per example and the dtypes."""
    where, size = f'The {name} split', split.size
    require(isinstance(split, Split), f'{where} should have size, example, take and batches.')
    require(size >= 1, f'{where} should hold an example. Found size = {size}.')
    batch = split.take(np.arange(min(size, 4)))
    _check_batch(where, batch, min(size, 4), dataset)
    layout = _layout(batch)
    require(
        _layout(split.example) == layout,
        f'{where}: example should have the layout of take, {layout}. '
        f'Found {_layout(split.example)}.',
    )
    indices = np.array([size - 1, 0, size - 1])
    mixed = split.take(indices)
    for position, index in enumerate(indices):
        require(
            _equal(_row(mixed, position), _row(split.take(np.array([index])), 0)),
            f'{where}: take({indices.tolist()}) should return example {index} at position '
            f'{position}. Found another one.',
        )
    _check_batches(where, split)
    return layout


def _check_batch(where: str, batch: Batch, size: int, dataset: Dataset) -> None:
    require(isinstance(batch, Batch), f'{where}: take should return a Batch. Found {type(batch)}.')
    for part, names in (('targets', batch.targets), ('mask', batch.mask)):
        require(
            set(names) == set(dataset.tasks),
            f'{where}: {part} should name the tasks, {list(dataset.tasks)}. Found {list(names)}.',
        )
    if dataset.per_task_inputs:
        require(
            set(batch.inputs) == set(dataset.tasks),
            f'{where}: inputs should name the tasks, {list(dataset.tasks)}. '
            f'Found {list(batch.inputs)}.',
        )
    require(
        set(batch.weight) <= set(dataset.tasks),
        f'{where}: weight should name tasks among {list(dataset.tasks)}. '
        f'Found {list(batch.weight)}.',
    )
    for path, leaf in jax.tree_util.tree_leaves_with_path(batch):
        _check_leaf(where + jax.tree_util.keystr(path), leaf, size)
    for task, mask in batch.mask.items():
        require(
            mask.dtype == bool,
            f'{where}: mask[{task!r}] should be boolean. Found dtype {mask.dtype}.',
        )
    for task, weight in batch.weight.items():
        shape = batch.mask[task].shape
        require(
            weight.dtype.kind == 'f' and shape[: weight.ndim] == weight.shape and weight.min() >= 0,
            f'{where}: weight[{task!r}] should be float numbers >= 0, with the shape {shape} or '
            f'its first axes. Found {weight.dtype}{weight.shape}.',
        )


def _check_leaf(where: str, leaf: Any, size: int) -> None:
    require(isinstance(leaf, np.ndarray), f'{where} should be a NumPy array. Found {type(leaf)}.')
    require(
        leaf.ndim and len(leaf) == size,
        f'{where} should have a leading axis of {size} examples. Found shape {leaf.shape}.',
    )
    narrow = jax.dtypes.canonicalize_dtype(leaf.dtype) if leaf.dtype.kind in 'biuf' else None
    require(
        leaf.dtype == narrow,
        f'{where} should hold numbers of 32 bits or fewer. Found dtype {leaf.dtype}.',
    )
    require(np.isfinite(leaf).all(), f'{where} should be finite. Found a number that is not.')


def _check_batches(where: str, split: Split) -> None:
    size = max(1, min(split.size // 2, 4))
    first, again = (list(_some(split, size)) for _ in range(2))
    require(
        len(first) == len(again) and all(map(_equal, first, again)),
        f'{where}: batches of one seed should repeat. Found others at the second call.',
    )
    for batch in first:
        lengths = {len(leaf) for leaf in jax.tree.leaves(batch)}
        require(
            lengths == {size},
            f'{where}: batches should have the size {size}. Found sizes {sorted(lengths)}.',
        )
    epoch = sum(1 for _ in split.batches(split.size, epochs=2, seed=1))
    require(epoch == 2, f'{where}: two epochs of whole batches should be 2. Found {epoch}.')


def _some(split: Split, size: int, count: int = 3) -> Iterator[Batch]:
    for _, batch in zip(range(count), split.batches(size, seed=0), strict=False):
        yield batch


def _layout(batch: Batch) -> Any:
    leaves = jax.tree_util.tree_leaves_with_path(batch)
    return {
        jax.tree_util.keystr(path): (str(leaf.dtype), np.shape(leaf)[1:]) for path, leaf in leaves
    }


def _row(batch: Batch, index: int) -> Batch:
    return jax.tree.map(lambda leaf: leaf[index], batch)


def _equal(one: Batch, other: Batch) -> bool:
    return all(map(np.array_equal, jax.tree.leaves(one), jax.tree.leaves(other)))
