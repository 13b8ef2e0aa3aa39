"""A data set with weights for its labels."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mtljax.base import Batch, Dataset
from mtljax.data._splits.array_split import ArraySplit
from mtljax.data._splits.mapped_split import MappedSplit
from mtljax.data._splits.weights import weights_of, with_weights

Weigh = Callable[[Batch], Mapping[str, Any]]


def weighted(dataset: Dataset, weigh: Weigh) -> Dataset:
    """Give weights to the labels of any data set, for example of images or text.

    The weights say how much each label counts in losses and metrics, in all splits; see `Batch`.

    Args:
      dataset: A data set.
      weigh: A function ``(batch) -> {task: weights}``. The batch holds NumPy arrays. The weights
        are finite numbers >= 0, of the shape ``[B]`` for B examples, or of a longer prefix of the
        shape of the target. The weights of an example should not depend on other examples. For a
        data set in memory, the function is called once per split. For other data sets, it is called
        for every batch, and several threads may call it at the same time.

    Returns:
      The data set with these weights, which replace the weights that it had.

    Raises:
      ValueError: ``weigh`` is no function, or the weights do not fit the batch.

    >>> import numpy as np
    >>> from mtljax import data
    >>> def weigh(batch):  # a digit 0 on the left counts five times
    ...     return {'left': np.where(batch.targets['left'] == 0, 5.0, 1.0)}
    >>> digits = weighted(data.digits(train=100, validation=10, test=10), weigh)
    >>> float(digits.train.arrays.weight['left'].max())
    5.0
    """
    if not callable(weigh):
        raise ValueError(
            'weigh should be a function (batch) -> {task: weights}. '
            f'Found {type(weigh).__name__}. For arrays, use data.arrays(..., weight=...).'
        )
    splits: dict[str, Any] = {}
    for name in ('train', 'validation', 'test'):
        split = getattr(dataset, name)
        if isinstance(split, ArraySplit):
            splits[name] = ArraySplit(_with_weights(split.arrays, weigh))
        else:
            splits[name] = MappedSplit(split, lambda batch, _: _with_weights(batch, weigh))
    return replace(dataset, **splits)


def _with_weights(batch: Batch, weigh: Weigh) -> Batch:
    found = weigh(batch)
    if not isinstance(found, Mapping):
        raise ValueError(f'weigh should return {{task: weights}}. Found {type(found).__name__}.')
    weight = weights_of(found, batch.targets, batch.mask)
    masks = {task: with_weights(batch.mask[task], each) for task, each in weight.items()}
    return batch._replace(mask=batch.mask | masks, weight=weight)
