"""Where tasks should part: the stages at which their gradients conflict."""

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mtljax.analysis._conflicts import Conflicts
from mtljax.analysis._paired import student_interval
from mtljax.analysis._task_groups import task_groups
from mtljax.options import check_option

_BLOCKS = 5  # of the rows of a run: neighbouring rows are not independent
_HALF = 0.5  # of the strength of the strongest stage
_MANY = 20  # tasks, of which all pairs would be a long list


class Branching(NamedTuple):
    """Where the gradients of tasks conflict, over S stages and T tasks.

    Attributes:
      stages: The names of the stages, in the order of the backbone.
      cosines: The mean cosine of each pair of tasks at each stage, ``[S, T, T]``; 1 on the
        diagonal.
      conflicts: Whether the pair conflicts at the stage, ``[S, T, T]``.
      scores: The share of measurements with a negative cosine at each stage, ``{stage: share}``.
      at: The number of stages before the first one with strong conflicts; S if there is no
        conflict.
      depths: The number of stages before the first one where the task has strong conflicts,
        ``{task: number}``; S if there is none.
      groups: The groups of tasks that agree at the first stage with strong conflicts. All tasks are
        one group if there is no conflict.
    """

    stages: tuple[str, ...]
    cosines: np.ndarray
    conflicts: np.ndarray
    scores: dict[str, float]
    at: int
    depths: dict[str, int]
    groups: list[list[str]]


def branching(
    runs: Sequence[Conflicts],
    tasks: Sequence[str],
    *,
    least: float = 0.1,
    warm_up: float = 0.1,
) -> Branching:
    """Find the stages at which tasks conflict, and the groups of tasks that agree there.

    Two tasks conflict at a stage if the mean cosine of their gradients is at most ``-least``, and
    its 95 % interval lies below 0. The mean is over the rows of the log of all runs. The interval
    (Student) is over five blocks of neighbouring rows per run. The strength of a stage is the sum
    of ``-cosine`` over the pairs that conflict there. Conflicts are strong if the strength is at
    least half that of the strongest stage, and of a task, half that of the strongest task and
    stage. The groups maximise the sum of the cosines inside of them (`task_groups` with
    ``total=True``).

    The score of a stage counts how often a cosine is negative, as the score of a layer does in
    Recon (Shi, Li, Zhang, Chen, Wu, ICLR 2023, https://arxiv.org/abs/2302.11289), which makes
    layers with high scores task-specific.

    The result fits two sharing schemes: `sharing.grouped` with ``at`` and ``groups``, and
    `sharing.branched` with ``own_stages=True`` and the ``depths``. Cosines depend on the learned
    heads: several runs with different seeds are much more reliable than one.

    Args:
      runs: The conflicts of runs of hard sharing, as `conflicts` returns them, one per seed. They
        need the cosines of each pair at each stage: an engine that stores rows, such as 'batched'.
      tasks: The names of the tasks, in the order of the data set.
      least: How large a negative mean has to be, from 0 to 1. A cosine near 0 changes an update
        only a little.
      warm_up: The share of the first rows that do not count, from 0 to below 1.

    Raises:
      ValueError: There is no run, or a run has no cosines of pairs at stages.

    >>> rows = [{'step': step, 'cosine/all': 0.1, 'cosine/stage0': 0.3, 'cosine/stage0/a~b': 0.3,
    ...          'cosine/all/a~b': 0.1, 'cosine/stage1': -0.5, 'cosine/stage1/a~b': -0.5}
    ...         for step in range(10)]
    >>> from mtljax.analysis import conflicts
    >>> found = branching([conflicts(rows)], ['a', 'b'])
    >>> found.at, found.groups, found.depths
    (1, [['a'], ['b']], {'a': 1, 'b': 1})
    """
    check_option('least', least, 'from 0 to 1', lambda x: (x >= 0) & (x <= 1))
    check_option('warm_up', warm_up, 'at least 0 and below 1', lambda x: (x >= 0) & (x < 1))
    stages = _stages(runs, tasks)
    means, tops = zip(*(_pairs(runs, stage, tasks, warm_up) for stage in stages), strict=True)
    cosines = np.stack(means)
    against = (cosines <= -least) & (np.stack(tops) < 0)
    strength = np.where(against, -cosines, 0).sum(axis=2)  # [S, T]
    total = strength.sum(axis=1)
    return Branching(
        stages,
        cosines,
        against,
        {stage: _score(runs, stage, warm_up) for stage in stages},
        _first(total, total.max()),
        {task: _first(strength[:, at], strength.max()) for at, task in enumerate(tasks)},
        _groups(cosines, _first(total, total.max()), tasks, least),
    )


def _stages(runs: Sequence[Conflicts], tasks: Sequence[str]) -> tuple[str, ...]:
    """Return the stages of the backbone, if all pairs were measured there."""
    names = [name for name in runs[0].stages if re.fullmatch(r'stage\d+', name)] if runs else []
    pairs = {f'{a}~{b}' for at, a in enumerate(tasks) for b in tasks[at + 1 :]}
    if not names or any(not pairs <= set(run.pairs) for run in runs):
        found = {'runs': len(runs)} | ({'pairs': list(runs[0].pairs[:_MANY])} if runs else {})
        raise ValueError(
            'runs should have the cosines of each pair of tasks at the stages of a backbone. '
            f'Found {found}. Train hard sharing with a watch and the engine "batched".'
        )
    return tuple(sorted(names, key=lambda name: int(name.removeprefix('stage'))))


def _pairs(
    runs: Sequence[Conflicts], stage: str, tasks: Sequence[str], warm_up: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean cosines at a stage, and the upper ends of their intervals, ``[T, T]``."""
    mean, top = np.eye(len(tasks)), np.eye(len(tasks))
    rows = [_rows(run.cosines, run, stage, warm_up) for run in runs]
    for first, second in itertools.combinations(range(len(tasks)), 2):
        pair = f'{tasks[first]}~{tasks[second]}'
        columns = zip(runs, rows, strict=True)
        blocks = [value for run, at in columns for value in _blocks(at[:, run.pairs.index(pair)])]
        middle, half = student_interval(blocks) if len(blocks) > 1 else (np.nan, np.nan)
        mean[first, second] = mean[second, first] = middle
        top[first, second] = top[second, first] = middle + half
    return mean, top


def _rows(values: np.ndarray, run: Conflicts, stage: str, warm_up: float) -> np.ndarray:
    """Return the values at a stage, without those of the first rows."""
    return values[int(warm_up * len(run.steps)) :, run.stages.index(stage)]


def _blocks(values: np.ndarray) -> list[float]:
    """Return the means of blocks of neighbouring values."""
    known = values[np.isfinite(values)]
    return [float(block.mean()) for block in np.array_split(known, _BLOCKS) if len(block)]


def _score(runs: Sequence[Conflicts], stage: str, warm_up: float) -> float:
    shares = np.concatenate([_rows(run.conflicting, run, stage, warm_up) for run in runs])
    return float(np.nanmean(shares)) if np.isfinite(shares).any() else float('nan')


def _first(strength: np.ndarray, largest: float) -> int:
    """Return the first stage with at least half the largest strength, or the number of stages."""
    strong = (strength > 0) & (strength >= _HALF * largest)
    return int(strong.argmax()) if strong.any() else len(strength)


def _groups(cosines: np.ndarray, at: int, tasks: Sequence[str], least: float) -> list[list[str]]:
    if at == len(cosines):
        return [list(tasks)]
    return task_groups(np.where(np.abs(cosines[at]) < least, 0, cosines[at]), tasks, total=True)
