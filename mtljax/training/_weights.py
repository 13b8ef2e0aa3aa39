"""Checks of the weights of labels."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from mtljax.base import Batch, Dataset
from mtljax.data import ArraySplit
from mtljax.losses import expand


def check_weights(dataset: Dataset) -> None:
    """Check the weights of all splits, except the values of streamed splits.

    Raises:
      ValueError: The weights of a task have the wrong shape or dtype, or one is below 0 or not
        finite.
    """
    for name in ('train', 'validation', 'test'):
        split = getattr(dataset, name)
        check_layout(split.example)
        if isinstance(split, ArraySplit):
            check_values(split.arrays, name, np.arange)


def check_layout(batch: Batch) -> None:
    """Check the names, shapes and dtypes of the weights of a batch, or of its shapes.

    Raises:
      ValueError: One does not fit.
    """
    strange = sorted(set(batch.weight) - set(batch.targets))
    if strange:
        raise ValueError(
            f'The weights of a batch should name its tasks, {sorted(batch.targets)}. '
            f'Found {strange}.'
        )
    for name, weight in batch.weight.items():
        shape, like = jnp.shape(weight), jnp.shape(batch.mask[name])
        right = shape and jnp.issubdtype(weight.dtype, jnp.floating)
        if not right or like[: len(shape)] != shape:
            raise ValueError(
                f'The weights of task {name!r} should be float, with the shape of its mask {like} '
                f'or its first axes. Found {weight.dtype}{shape}.'
            )


def check_values(batch: Batch, split: str, rows_of: Callable[[int], np.ndarray]) -> None:
    """Check that the weight of every label is a finite number >= 0.

    Args:
      batch: A batch of NumPy arrays.
      split: The name of the split, for errors.
      rows_of: A function that returns the rows of the examples from their number.

    Raises:
      ValueError: One is not.
    """
    for name, weight in batch.weight.items():
        weight = np.asarray(weight)
        bad = np.asarray(expand(batch.mask[name], weight)) & ~((weight >= 0) & np.isfinite(weight))
        if bad.any():
            index = np.unravel_index(int(bad.argmax()), bad.shape)
            row = int(rows_of(len(weight))[index[0]])
            raise ValueError(
                f'The weights of task {name!r} should be finite numbers >= 0. '
                f'Found {weight[index]} in row {row} of the {split} split.'
            )
