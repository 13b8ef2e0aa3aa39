"""Tasks about which something can be said before any training."""

import itertools
from collections.abc import Mapping

import jax
import numpy as np

from experiments.program import UsageError
from mtljax import data
from mtljax.base import Dataset, Task


def check_tasks(tasks: Mapping[str, Task]) -> None:
    """Check that there is something to share.

    Raises:
      UsageError: There is one task.
    """
    if len(tasks) < 2:
        raise UsageError(
            'advise needs at least two tasks: with one there is nothing to share. Found '
            f'{list(tasks)}. experiments.train trains it.'
        )


def notes_on(dataset: Dataset) -> list[str]:
    """Return sentences on tasks that are copies of each other, or that no choice can see."""
    notes = []
    for a, b in itertools.combinations(dataset.tasks, 2):
        if _are_copies(dataset, a, b):
            notes.append(f'{a} and {b} have the same labels: {b} is a copy. Leave one of them out.')
    for task in dataset.tasks:
        if not _has_labels(dataset, task):
            notes.append(
                f'{task} has no label in the validation split: it does not count in the choice.'
            )
    return notes


def _are_copies(dataset: Dataset, a: str, b: str) -> bool:
    if not isinstance(dataset.train, data.ArraySplit):
        return False
    arrays = dataset.train.arrays
    one, other = ((arrays.targets[task], arrays.mask[task]) for task in (a, b))
    if jax.tree.structure(one) != jax.tree.structure(other):
        return False
    return all(map(np.array_equal, jax.tree.leaves(one), jax.tree.leaves(other)))


def _has_labels(dataset: Dataset, task: str) -> bool:
    split = dataset.validation
    return not isinstance(split, data.ArraySplit) or bool(np.any(split.arrays.mask[task]))
