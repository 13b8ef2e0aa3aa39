"""Random splits of the rows of a table."""

from collections.abc import Sequence

import numpy as np

from mtljax.data._splits.array_split import ArraySplit
from mtljax.options import check_share


def random_rows(
    size: int, validation: float, test: float, seed: int | Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the rows of the training, validation and test split, each in the order of the table.

    Args:
      size: The number of rows.
      validation: The share of rows for choosing models.
      test: The share of rows for the final test.
      seed: The seed of the permutation.

    Raises:
      ValueError: A share is not in [0, 1), or a split would be empty.

    >>> [len(rows) for rows in random_rows(50, 0.1, 0.2, seed=0)]
    [35, 5, 10]
    """
    _, chosen, tested = sizes_of(size, validation, test)
    order = np.random.default_rng(seed).permutation(size)
    last, middle, train = np.split(order, [tested, tested + chosen])
    return np.sort(train), np.sort(middle), np.sort(last)


def sizes_of(size: int, validation: float, test: float) -> tuple[int, int, int]:
    """Return the sizes of the training, validation and test split of ``size`` rows.

    Raises:
      ValueError: A share is not in [0, 1), or a split would be empty.

    >>> sizes_of(50, 0.1, 0.2)
    (35, 5, 10)
    """
    check_shares(validation, test)
    tested, chosen = round(test * size), round(validation * size)
    if min(tested, chosen) < 1 or tested + chosen >= size:
        raise ValueError(
            f'Every split should hold an example. Found {size} examples, validation = {validation} '
            f'and test = {test}.'
        )
    return size - tested - chosen, chosen, tested


def check_shares(validation: float, test: float) -> None:
    """Raise a ValueError if a share is not in [0, 1)."""
    check_share('validation', validation)
    check_share('test', test)


def halves(split: ArraySplit, path: object, seed: int) -> list[ArraySplit]:
    """Divide a test file at random into a validation and a test split of equal size.

    Both keep the order of the file.

    Args:
      split: The examples of the test file.
      path: The test file, for errors.
      seed: The random seed of the division.

    Raises:
      ValueError: The file has one row.
    """
    if split.size < 2:
        raise ValueError(f'{path} should hold 2 rows or more. Found {split.size}.')
    order = np.random.default_rng(seed).permutation(split.size)
    return [ArraySplit(split.take(np.sort(half))) for half in np.array_split(order, 2)]
