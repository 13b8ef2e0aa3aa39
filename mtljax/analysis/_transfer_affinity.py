"""Affinities of pairs of tasks, from the losses of subsets."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def transfer_affinity(
    losses: Any, subsets: Sequence[Sequence[str]], tasks: Sequence[str]
) -> np.ndarray:
    """Return how much training with task i reduces the loss of task j, for all pairs of tasks.

    Entry (i, j) is ``1 - mean_S L_j(S) / L_j({j})``, where the mean is over all subsets S that
    contain both tasks. If the subsets are all single tasks and all pairs, this is
    ``1 - L_j({i, j}) / L_j({j})``. `task_groups` accepts the result.

    Args:
      losses: The loss of each task in each subset, ``[subsets, T]``, as `estimate_transfer` returns
        them, or measured ones.
      subsets: The subsets, as sequences of task names.
      tasks: The names of the tasks, in the order of the losses.

    Returns:
      The affinities, ``[T, T]``. Values above 0 help. NaN on the diagonal, where no subset has both
        tasks or only task j, and where ``L_j({j})`` is not positive.

    Raises:
      ValueError: The losses do not have the shape ``[subsets, T]``.

    >>> subsets = [['a'], ['b'], ['a', 'b']]
    >>> losses = [[1.0, np.nan], [np.nan, 1.0], [0.5, 1.5]]
    >>> transfer_affinity(losses, subsets, ['a', 'b']).tolist()
    [[nan, -0.5], [0.5, nan]]
    """
    table, count = np.asarray(losses, np.float64), len(tasks)
    if table.shape != (len(subsets), count):
        raise ValueError(
            f'losses should have the shape [{len(subsets)}, {count}], one row for each subset and '
            f'one column for each of the tasks {list(tasks)}. Found {list(table.shape)}.'
        )
    members = np.array([[task in subset for task in tasks] for subset in subsets])
    known = members & ~np.isnan(table)
    filled = np.where(known, table, 0)
    single = members.sum(axis=1) == 1
    alone = _ratio(filled[single].sum(axis=0), known[single].sum(axis=0))
    several = members[~single].T.astype(float)
    both = _ratio(several @ filled[~single], several @ known[~single])
    found = 1 - _ratio(both, np.broadcast_to(alone, both.shape))
    np.fill_diagonal(found, np.nan)
    return found


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.where(below > 0, above / np.where(below > 0, below, 1), np.nan)
