"""A data set from NumPy arrays."""

from collections.abc import Mapping
from typing import Any

from mtljax.base import Dataset, Task
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.data._splits.random_rows import random_rows
from mtljax.data._splits.stratified import codes_of, stratified_rows
from mtljax.options import check_flag, check_seed


def arrays(
    inputs: Any,
    targets: Mapping[str, Any],
    tasks: Mapping[str, Task],
    *,
    mask: Mapping[str, Any] | None = None,
    ignore: float | Mapping[str, float] | None = None,
    weight: Any = None,
    validation: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
    stratify: bool = True,
) -> Dataset:
    """Make a data set from NumPy arrays, and split it at random.

    If you have separate arrays for each split, use `array_split`.

    Args:
      inputs: An array ``[N, ...]`` or a tree of such arrays, for N examples. A list of numbers
        counts as an array.
      targets: ``{task: target}``, where a target is an array ``[N, ...]`` or a tree of such arrays.
        Integers are class numbers, counted from 0.
      tasks: ``{task: Task}``. Arrays with one entry per task, such as loss weights, follow the
        order of this mapping.
      mask: ``{task: booleans}``, which are True where the label exists. The shape is ``[N]`` for
        one label per example, or for example ``[N, height, width]`` for one label per pixel. By
        default all labels exist. The masked entries of a masked array of NumPy are no labels.
      ignore: A value that means that a label is missing, such as 255 or -1, for all tasks. Pass
        ``{task: value}`` for some tasks.
      weight: ``{task: weights}``, or one array ``[N]`` of weights for all tasks. They say how much
        each label counts in losses and metrics; see `array_split`.
      validation: The share of examples for the validation split.
      test: The share of examples for the test split.
      seed: The random seed of the split.
      stratify: Whether rare labels are spread over the splits, so that each split has its share of
        every class. Targets with more than 100 different values, or with fewer than ten rows
        for each on average, count as one class. If False, the rows are drawn without regard to
        their labels.

    Raises:
      ValueError: Tasks and targets have different names, a split would be empty, or an array is not
        valid (see `array_split`).

    >>> import numpy as np
    >>> import optax
    >>> from mtljax import Task, heads, metrics
    >>> x, y = np.random.rand(100, 5), np.random.rand(100)
    >>> price = Task(heads.linear(), optax.squared_error, {'rmse': metrics.rmse()})
    >>> dataset = arrays(x, {'price': y}, {'price': price})
    >>> dataset.train.size, dataset.validation.size, dataset.test.size
    (70, 10, 20)
    """
    if set(tasks) != set(targets):
        raise ValueError(
            'tasks and targets should have the same names. '
            f'Found tasks {list(tasks)} and targets {list(targets)}.'
        )
    check_seed('seed', seed)
    ordered = {task: targets[task] for task in tasks}
    whole = array_split(inputs, ordered, mask, ignore=ignore, weight=weight)
    check_flag('stratify', stratify)
    if stratify:
        parts = stratified_rows(codes_of(whole.arrays), validation, test, seed)
    else:
        parts = random_rows(whole.size, validation, test, seed)
    return Dataset(tasks, *(ArraySplit(whole.take(part)) for part in parts))
