"""Rows of a table, split at random."""

from collections.abc import Sequence

import numpy as np


def random_rows(
    size: int, validation: float, test: float, seed: int | Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows of the training, validation and test split, each in the order of the table.

    Args:
      size: the number of rows.
      validation: the share held out to choose models, or a number of rows.
      test: the share held out to the end, or a number of rows.
      seed: of the permutation.

    Raises:
      ValueError: a split would be empty.

    >>> [len(rows) for rows in random_rows(50, 0.1, 0.2, seed=0)]
    [35, 5, 10]
    """
    held = [
        share if isinstance(share, int) else round(share * size) for share in (test, validation)
    ]
    if min(held) < 1 or sum(held) >= size:
        raise ValueError(
            f'Every split needs an example. Found {size} examples, validation = {validation} and '
            f'test = {test}.'
        )
    order = np.random.default_rng(seed).permutation(size)
    last, chosen, train = np.split(order, [held[0], held[0] + held[1]])
    return np.sort(train), np.sort(chosen), np.sort(last)
