"""Groups of tasks that help each other."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mtljax.options import check_optional_count

_MOST_EXACT = 8  # tasks: 4,140 divisions
_LEAST = 1e-12  # a larger change is no rounding error
Groups = tuple[tuple[int, ...], ...]


def task_groups(
    affinity: Any, tasks: Sequence[str], *, max_groups: int | None = None
) -> list[list[str]]:
    """Divide tasks into groups that should be learned together, by their affinities.

    The value of a group is the sum of what its tasks gain: for task j, the mean of the affinities
    (i, j) over the other tasks i of the group. A task that is alone gains 0. The result has the
    largest sum of these values (Standley, Zamir, Chen, Guibas, Malik, Savarese, ICML 2020,
    https://arxiv.org/abs/1905.07553; Fifty, Amid, Zhao, Yu, Anil, Finn, NeurIPS 2021,
    https://arxiv.org/abs/2109.04617). Each task is in one group, while a network of these papers
    may also contain tasks that it does not answer.

    Up to 8 tasks, all divisions are compared. For more tasks, the two groups whose union gains most
    are joined, again and again. Then single tasks change their group while this gains something.

    Args:
      affinity: What task j gains if it is trained with task i, for each pair (i, j), ``[T, T]``.
        Examples are `lookahead`, the cosines of the gradients, and measured differences. Values
        above 0 help. The diagonal is not read. NaN counts as 0.
      tasks: The names of the tasks.
      max_groups: The largest number of groups. The default is the number of tasks.

    Returns:
      The groups, in the order of their first tasks; `sharing.grouped` accepts them.

    Raises:
      ValueError: The affinities do not have the shape ``[T, T]``, or ``max_groups`` is below 1.

    >>> affinity = [[0, 0.2, -0.1], [0.1, 0, -0.3], [-0.2, 0.1, 0]]
    >>> task_groups(affinity, ['click', 'like', 'report'])
    [['click', 'like'], ['report']]
    """
    check_optional_count('max_groups', max_groups)
    table = np.nan_to_num(np.asarray(affinity, np.float64))
    if table.shape != (len(tasks), len(tasks)):
        raise ValueError(
            f'affinity should have the shape [{len(tasks)}, {len(tasks)}], one row and one column '
            f'for each of the tasks {list(tasks)}. Found {list(table.shape)}.'
        )
    most = len(tasks) if max_groups is None else max_groups
    find = _exact if len(tasks) <= _MOST_EXACT else _joined
    groups = sorted(tuple(sorted(group)) for group in find(table, most))
    return [[tasks[index] for index in group] for group in groups]


def _gain(table: np.ndarray, group: Sequence[int]) -> float:
    if len(group) < 2:
        return 0.0
    part = table[np.ix_(group, group)]
    return float((part.sum() - np.trace(part)) / (len(group) - 1))


def _exact(table: np.ndarray, most: int) -> Groups:
    """Return the best division; of equal ones, that with the most groups."""
    divisions = [groups for groups in _partitions(len(table)) if len(groups) <= most]
    return max(divisions, key=lambda groups: (_total(table, groups), len(groups)))


def _total(table: np.ndarray, groups: Groups) -> float:
    return round(sum(_gain(table, group) for group in groups), 12)


def _partitions(count: int) -> Iterator[Groups]:
    """Yield all divisions of ``range(count)``.

    >>> list(_partitions(2))
    [((0, 1),), ((0,), (1,))]
    """
    if count == 0:
        yield ()
        return
    for groups in _partitions(count - 1):
        for at, group in enumerate(groups):
            yield (*groups[:at], (*group, count - 1), *groups[at + 1 :])
        yield (*groups, (count - 1,))


def _joined(table: np.ndarray, most: int) -> Groups:
    both = table + table.T
    np.fill_diagonal(both, 0)
    members = np.eye(len(table), dtype=bool)  # [groups, tasks]
    while len(members) > 1:
        between = members @ both @ members.T
        inside, sizes = np.diagonal(between) / 2, members.sum(axis=1)
        union = _mean(np.add.outer(inside, inside) + between, np.add.outer(sizes, sizes))
        better = union - np.add.outer(_mean(inside, sizes), _mean(inside, sizes))
        np.fill_diagonal(better, -np.inf)
        one, other = np.unravel_index(better.argmax(), better.shape)
        if better[one, other] <= 0 and len(members) <= most:
            break
        members[one] |= members[other]
        members = np.delete(members, other, axis=0)
    return tuple(tuple(np.flatnonzero(row).tolist()) for row in _improved(both, members, most))


def _improved(both: np.ndarray, members: np.ndarray, most: int) -> np.ndarray:
    """Move one task at a time to another group, while the sum rises."""
    while True:
        spare = np.zeros((int(len(members) < most), len(both)), bool)
        members = np.concatenate([members, spare])
        home = members.argmax(axis=0)
        links = both @ members.T  # of each task with each group
        inside, sizes = (links * members.T).sum(axis=0) / 2, members.sum(axis=1)
        gains = _mean(inside, sizes)
        left = inside[home] - links[np.arange(len(both)), home]
        loss = gains[home] - _mean(left, sizes[home] - 1)
        change = _mean(inside + links, sizes + 1) - gains - loss[:, None]
        change[np.arange(len(both)), home] = 0
        task, group = np.unravel_index(change.argmax(), change.shape)
        if change[task, group] <= _LEAST:
            return members[members.any(axis=1)]
        members[home[task], task], members[group, task] = False, True
        members = members[members.any(axis=1)]


def _mean(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return what the tasks of groups gain, from the sums of their affinities."""
    return np.where(sizes > 1, sums / np.maximum(sizes - 1, 1), 0)
