"""Random splits in which every label has its share of rows."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from mtljax.base import Batch
from mtljax.data._splits.random_rows import sizes_of

_MOST_VALUES, _LEAST_ROWS = 100, 10


def stratified_rows(
    labels: Sequence[np.ndarray], validation: float, test: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the rows of the training, validation and test split, and spread every label over them.

    The labels are treated one after the other, the rarest first. The rows with the label that have
    no split yet are shuffled and divided, so that each split gets its share of the label. A label
    with three rows or more has a row in every split, unless rarer labels took them. The splits have
    the sizes of `random_rows`. This is the method of Sechidis, Tsoumakas & Vlahavas (On the
    Stratification of Multi-label Data, ECML PKDD 2011,
    https://doi.org/10.1007/978-3-642-23808-6_10), with all rows of a label in one step.

    Args:
      labels: For each target an array of codes ``[N]``, below 0 where the label is missing. The
        codes are classes if there are at most 100, with ten rows or more on average. Otherwise, as
        for numbers, all labels of the target count as one class. So do classes with one or two
        rows.
      validation: The share of rows for choosing models.
      test: The share of rows for the final test.
      seed: The seed of the permutation.

    Returns:
      The rows of the three splits, each in the order of the table.

    Raises:
      ValueError: A share is not in [0, 1), or a split would be empty.

    >>> rare = np.array([1] * 3 + [0] * 47)
    >>> [int(rare[rows].sum()) for rows in stratified_rows([rare], 0.1, 0.2, seed=0)]
    [1, 1, 1]
    """
    size = len(labels[0])
    room = np.array(sizes_of(size, validation, test))
    shares, split, rng = room / size, np.full(size, -1), np.random.default_rng(seed)
    every: list[np.ndarray] = [rows for codes in labels for rows in _rows_of(np.asarray(codes))]
    mixed = [every[index] for index in rng.permutation(len(every))]  # values in order would be ties
    mixed.sort(key=len)
    for rows in mixed:
        free = rng.permutation(rows[split[rows] < 0])
        there = np.bincount(split[rows][split[rows] >= 0], minlength=3)
        least = 1.0 if len(rows) >= 3 else 0.0
        counts = _divided(len(free), np.maximum(shares * len(rows), least) - there, room)
        split[free] = np.repeat(np.arange(3), counts)
        room = room - counts
    split[rng.permutation(np.flatnonzero(split < 0))] = np.repeat(np.arange(3), room)
    train, middle, last = (np.flatnonzero(split == part) for part in range(3))
    return train, middle, last


def codes_of(batch: Batch) -> list[np.ndarray]:
    """Return the codes of the labels of a batch, for `stratified_rows`.

    A target ``[N]`` and each column of a target ``[N, L]`` has a code for every value. For other
    targets, such as one label per pixel, there is one code, for rows with a label.

    >>> batch = Batch(np.ones((3, 1)), {'a': np.array([7, 5, 0])}, {'a': np.array([1, 1, 0]) > 0})
    >>> codes_of(batch)[0].tolist()
    [2, 1, -1]
    """
    return [
        codes
        for task, target in batch.targets.items()
        for codes in _codes(target, batch.mask[task])
    ]


def _codes(target: Any, mask: np.ndarray) -> list[np.ndarray]:
    there = mask.reshape(len(mask), -1)
    leaves = jax.tree.leaves(target)
    flat = len(leaves) == 1 and leaves[0].ndim <= 2 and leaves[0].reshape(len(mask), -1).shape[1]
    if not flat or flat > _MOST_VALUES:
        return [np.where(there.any(axis=1), 0, -1)]
    columns = leaves[0].reshape(len(mask), -1).T
    known = np.broadcast_to(there, (len(mask), len(columns))).T
    return [
        np.where(row, np.unique(np.where(row, column, 0), return_inverse=True)[1], -1)
        for column, row in zip(columns, known, strict=True)
    ]


def _rows_of(codes: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each class, or of all labels if the codes are no classes."""
    known = np.flatnonzero(codes >= 0)
    order = known[np.argsort(codes[known], kind='stable')]
    starts = np.flatnonzero(np.diff(codes[order])) + 1
    if len(starts) >= _MOST_VALUES or len(known) < _LEAST_ROWS * (len(starts) + 1):
        return [known]
    parts = list(np.split(order, starts))
    rare = [part for part in parts if len(part) < 3]
    return [part for part in parts if len(part) >= 3] + ([np.concatenate(rare)] if rare else [])


def _divided(count: int, wanted: np.ndarray, room: np.ndarray) -> np.ndarray:
    """Divide ``count`` rows among the splits: nearly ``wanted`` each, but no more than ``room``."""
    wanted = np.clip(wanted, 0, room)
    if wanted.sum() > count:
        wanted = wanted * (count / wanted.sum())
    counts = np.floor(wanted).astype(int)
    while counts.sum() < count:  # at most a few times, unless there is no room
        short = np.where(counts < room, wanted - counts, -np.inf)
        best = int(short.argmax())
        left = min(count - int(counts.sum()), int(room[best] - counts[best]))
        counts[best] += 1 if short[best] > 0 else left
    return counts
