"""Labels that do not fit the head and the loss of their task."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mtljax.base import Batch, Dataset, MultiTask, Split, Task, TrainState
from mtljax.data import ArraySplit, MappedSplit
from mtljax.losses import expand
from mtljax.module import shapes
from mtljax.training._check import with_rows
from mtljax.training._ignored import with_ignored
from mtljax.training._weights import check_values

_CLASSES = (optax.softmax_cross_entropy_with_integer_labels,)
_SHARES = (
    optax.sigmoid_binary_cross_entropy,
    optax.softmax_cross_entropy,
    optax.safe_softmax_cross_entropy,
    optax.sigmoid_focal_loss,
)
_FAR = 30.0  # a logit at which a sigmoid is 1


@dataclass(frozen=True)
class _Range:
    """The labels that a task may have.

    Attributes:
      low: The lowest label.
      high: The highest label.
      why: What the labels are, for an error message.
      advice: What to do about other labels.
    """

    low: float
    high: float
    why: str
    advice: str


Ranges = Mapping[str, _Range]


def ranges_of(model: MultiTask, dataset: Dataset, start: TrainState) -> Ranges:
    """Return the range of the labels of every task whose loss allows only some labels.

    Args:
      model: The multi-task model.
      dataset: The data set.
      start: The training state, or its shapes.
    """
    batch = with_rows(shapes(dataset.train.example))
    predictions, _ = jax.eval_shape(
        lambda p, s, x: model.apply(p, s, x), start.params, start.state, batch.inputs
    )
    found = {
        name: _range(dataset.tasks[name].loss, predictions[name], batch.targets[name])
        for name in model.tasks
    }
    return {name: each for name, each in found.items() if each is not None}


def check_labels(dataset: Dataset, ranges: Ranges) -> Dataset:
    """Check all labels in memory; return a data set that checks streamed labels when it reads them.

    The returned data set also checks streamed weights.

    Raises:
      ValueError: A label is outside its range.
    """
    splits: dict[str, Any] = {}
    for name in ('train', 'validation', 'test'):
        split = getattr(dataset, name)
        if not ranges and not split.example.weight:
            splits[name] = split
        elif isinstance(split, ArraySplit):
            _check(split.arrays, dataset.tasks, ranges, name, np.arange)
            splits[name] = split
        else:
            splits[name] = _checked(split, dataset.tasks, ranges, name)
    return replace(dataset, **splits)


def _checked(split: Split, tasks: Mapping[str, Task], ranges: Ranges, name: str) -> MappedSplit:
    """Return a streamed split whose labels and weights are checked when they are read."""

    def check(batch: Batch, indices: np.ndarray) -> Batch:
        def rows_of(count: int) -> np.ndarray:
            return indices[:count]

        check_values(batch, name, rows_of)
        _check(batch, tasks, ranges, name, rows_of)
        return batch

    return MappedSplit(split, check)


def _range(loss: Callable, prediction: Any, target: Any) -> _Range | None:
    if not hasattr(prediction, 'shape') or not hasattr(target, 'shape'):
        return None  # trees of arrays
    while isinstance(loss, functools.partial):
        loss = loss.func
    name = getattr(loss, '__name__', 'its loss')
    whole = jnp.issubdtype(target.dtype, jnp.integer)
    if loss in _SHARES:
        return _Range(0, 1, f'between 0 and 1 for {name}', 'Map the two classes to 0 and 1')
    if loss in _CLASSES or (whole and _refuses_more_classes(loss, prediction, target)):
        count = prediction.shape[-1]
        why = f'classes from 0 to {count - 1}, because the head has {count} outputs'
        return _Range(0, count - 1, why, 'Number the classes from 0')
    if whole and _is_sigmoid(loss, prediction, target):
        return _Range(0, 1, f'0 or 1 for {name}', 'Map the two classes to 0 and 1')
    return None


def _refuses_more_classes(loss: Callable, prediction: Any, target: Any) -> bool:
    """Return whether a loss of class numbers is NaN for one class more than the head has."""
    if prediction.shape[:-1] != target.shape:
        return False
    most = prediction.shape[-1] - 1
    known, unknown = _losses(loss, prediction, target, [0.0], [most, most + 1])[:, 0]
    return bool(np.isfinite(known) and np.isnan(unknown))


def _is_sigmoid(loss: Callable, prediction: Any, target: Any) -> bool:
    """Return whether a loss is at least 0 for the labels 0 and 1, but below 0 for others."""
    if prediction.shape != target.shape:
        return False
    no, yes, other = _losses(loss, prediction, target, [-_FAR, _FAR], [0, 1, 2]).min(axis=1)
    return bool(no >= 0 and yes >= 0 and other < 0)


def _losses(loss: Callable, prediction: Any, target: Any, logits: list, labels: list) -> Any:
    """Return the losses of one example, ``[labels, logits]``; NaN if the loss does not take it."""

    def one(label, logit):
        like = jnp.full((1, *prediction.shape[1:]), logit, prediction.dtype)
        return jnp.mean(loss(like, jnp.full((1, *target.shape[1:]), label, target.dtype)))

    try:
        every = jax.vmap(jax.vmap(one, (None, 0)), (0, None))
        return np.asarray(jax.jit(every)(jnp.array(labels, target.dtype), jnp.array(logits)))
    except (TypeError, ValueError):
        return np.full((len(labels), len(logits)), np.nan)


def _check(
    batch: Batch,
    tasks: Mapping[str, Task],
    ranges: Ranges,
    split: str,
    rows_of: Callable[[int], np.ndarray],
) -> None:
    batch = with_ignored(batch, tasks)
    for name, allowed in ranges.items():
        target = np.asarray(batch.targets[name])
        mask = np.asarray(expand(batch.mask[name], target))
        with np.errstate(invalid='ignore'):
            bad = mask & ((target < allowed.low) | (target > allowed.high))
        if bad.any():
            index = np.unravel_index(int(bad.argmax()), bad.shape)
            row = int(rows_of(len(target))[index[0]])
            raise ValueError(
                f'The labels of task {name!r} should be {allowed.why}. Found {target[index]} in '
                f'row {row} of the {split} split, and {int(bad.sum())} such labels in all. '
                f'{allowed.advice}, or leave a value out with Task(..., ignore=VALUE).'
            )
