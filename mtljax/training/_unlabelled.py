"""Tasks whose labels are all missing."""

from collections.abc import Collection, Sequence

import numpy as np

from mtljax.base import Dataset
from mtljax.data import ArraySplit
from mtljax.training._ignored import with_ignored


def check_labelled(tasks: Sequence[str], dataset: Dataset, allowed: Collection[str]) -> None:
    """Check that every task has a label in the training split, if the split is in memory.

    Args:
      tasks: The names of the tasks of the model.
      dataset: The data set.
      allowed: The tasks that may have no label.

    Raises:
      ValueError: A task has no label, or ``allowed`` names an unknown task.
    """
    listed = isinstance(allowed, Collection) and not isinstance(allowed, str)
    if not listed or set(allowed) - set(dataset.tasks):
        raise ValueError(
            f'allow_unlabelled should be a list of tasks among {list(dataset.tasks)}. '
            f'Found {allowed!r}.'
        )
    if not isinstance(dataset.train, ArraySplit):
        return
    masks = with_ignored(dataset.train.arrays, dataset.tasks).mask
    empty = [task for task in tasks if task not in allowed and not np.any(masks[task])]
    if empty:
        raise ValueError(
            f'Every task should have a label in the training split. Found none for {empty}. '
            f'Remove these tasks, or pass allow_unlabelled={empty}.'
        )
