"""Groups of tasks that help each other."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from mtljax.options import check_flag, check_optional_count

_MOST_EXACT = 8  # tasks: 4,140 divisions
_LEAST = 1e-12  # a larger change is no rounding error
Groups = tuple[tuple[int, ...], ...]
Gain = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""What the tasks of groups gain, from the sums of their affinities and the sizes."""


def task_groups(
    affinity: Any, tasks: Sequence[str], *, max_groups: int | None = None, total: bool = False
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
      total: Whether a task gains the sum of its affinities instead of their mean. The sum keeps a
        task in a group although other tasks there are closer to each other, as long as it agrees
        with the group (correlation clustering: Bansal, Blum, Chawla, Machine Learning 2004,
        https://doi.org/10.1023/B:MACH.0000033116.57574.95).

    Returns:
      The groups, in the order of their first tasks; `sharing.grouped` accepts them.

    Raises:
      ValueError: The affinities do not have the shape ``[T, T]``, or ``max_groups`` is below 1.

    >>> affinity = [[0, 0.2, -0.1], [0.1, 0, -0.3], [-0.2, 0.1, 0]]
    >>> task_groups(affinity, ['click', 'like', 'report'])
    [['click', 'like'], ['report']]
    """
    check_optional_count('max_groups', max_groups)
    check_flag('total', total)
    table = np.nan_to_num(np.asarray(affinity, np.float64))
    if table.shape != (len(tasks), len(tasks)):
        raise ValueError(
            f'affinity should have the shape [{len(tasks)}, {len(tasks)}], one row and one column '
            f'for each of the tasks {list(tasks)}. Found {list(table.shape)}.'
        )
    most = len(tasks) if max_groups is None else max_groups
    find = _exact if len(tasks) <= _MOST_EXACT else _joined
    gain = _sum if total else _mean
    groups = sorted(tuple(sorted(group)) for group in find(table, most, gain))
    return [[tasks[index] for index in group] for group in groups]


def _exact(table: np.ndarray, most: int, gain: Gain) -> Groups:
    """Return the best division; of equal ones, that with the most groups."""
    divisions = [groups for groups in _partitions(len(table)) if len(groups) <= most]
    return max(divisions, key=lambda groups: (_value(table, groups, gain), len(groups)))


def _value(table: np.ndarray, groups: Groups, gain: Gain) -> float:
    parts = [table[np.ix_(group, group)] for group in groups]
    return round(
        sum(float(gain(part.sum() - np.trace(part), np.array(len(part)))) for part in parts), 12
    )


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


def _joined(table: np.ndarray, most: int, gain: Gain) -> Groups:
    both = table + table.T
    np.fill_diagonal(both, 0)
    members = np.eye(len(table), dtype=bool)  # [groups, tasks]
    while len(members) > 1:
        between = members @ both @ members.T
        inside, sizes = np.diagonal(between) / 2, members.sum(axis=1)
        union = gain(np.add.outer(inside, inside) + between, np.add.outer(sizes, sizes))
        better = union - np.add.outer(gain(inside, sizes), gain(inside, sizes))
        np.fill_diagonal(better, -np.inf)
        one, other = np.unravel_index(better.argmax(), better.shape)
        if better[one, other] <= 0 and len(members) <= most:
            break
        members[one] |= members[other]
        members = np.delete(members, other, axis=0)
    return tuple(
        tuple(np.flatnonzero(row).tolist()) for row in _improved(both, members, most, gain)
    )


def _improved(both: np.ndarray, members: np.ndarray, most: int, gain: Gain) -> np.ndarray:
    """Move one task at a time to another group, while the sum rises."""
    while True:
        spare = np.zeros((int(len(members) < most), len(both)), bool)
        members = np.concatenate([members, spare])
        home = members.argmax(axis=0)
        links = both @ members.T  # of each task with each group
        inside, sizes = (links * members.T).sum(axis=0) / 2, members.sum(axis=1)
        gains = gain(inside, sizes)
        left = inside[home] - links[np.arange(len(both)), home]
        loss = gains[home] - gain(left, sizes[home] - 1)
        change = gain(inside + links, sizes + 1) - gains - loss[:, None]
        change[np.arange(len(both)), home] = 0
        task, group = np.unravel_index(change.argmax(), change.shape)
        if change[task, group] <= _LEAST:
            return members[members.any(axis=1)]
        members[home[task], task], members[group, task] = False, True
        members = members[members.any(axis=1)]


def _mean(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return what the tasks of groups gain, from the sums of their affinities."""
    return np.where(sizes > 1, sums / np.maximum(sizes - 1, 1), 0)


def _sum(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return np.where(sizes > 1, sums, 0)
