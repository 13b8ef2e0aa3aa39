"""Rows of a table, split at random."""

from collections.abc import Sequence

import numpy as np

from mtljax.data._splits.array_split import ArraySplit
from mtljax.options import check_share


def random_rows(
    size: int, validation: float, test: float, seed: int | Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows of the training, validation and test split, each in the order of the table.

    Args:
      size: the number of rows.
      validation: the share held out to choose models.
      test: the share held out to the end.
      seed: of the permutation.

    Raises:
      ValueError: what is no share, or a split that would be empty.

    >>> [len(rows) for rows in random_rows(50, 0.1, 0.2, seed=0)]
    [35, 5, 10]
    """
    check_share('validation', validation)
    check_share('test', test)
    held = [round(share * size) for share in (test, validation)]
    if min(held) < 1 or sum(held) >= size:
        raise ValueError(
            f'Every split needs an example. Found {size} examples, validation = {validation} and '
            f'test = {test}.'
        )
    order = np.random.default_rng(seed).permutation(size)
    last, chosen, train = np.split(order, [held[0], held[0] + held[1]])
    return np.sort(train), np.sort(chosen), np.sort(last)


def halves(split: ArraySplit, path: object, seed: int) -> list[ArraySplit]:
    """The validation and the test split: random halves of a test file, in its order.

    Args:
      split: the test file.
      path: of it, for errors.
      seed: of the halves.

    Raises:
      ValueError: it has one row.
    """
    if split.size < 2:
        raise ValueError(f'{path} should hold 2 rows or more. Found {split.size}.')
    order = np.random.default_rng(seed).permutation(split.size)
    return [ArraySplit(split.take(np.sort(half))) for half in np.array_split(order, 2)]
