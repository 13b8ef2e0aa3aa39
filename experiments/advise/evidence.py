"""What the trainings say about the tasks: conflicts, transfer between pairs, and groups."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from experiments.advise.lab import Lab, Proposal
from experiments.advise.proposals import PLAIN
from experiments.advise.scaled import of_tasks
from experiments.advise.scores import Scores
from experiments.compare.methods import with_methods
from experiments.compare.run import Run
from mtljax import analysis
from mtljax.analysis import Branching
from mtljax.base import Task

_MOST_PAIRED = 6  # tasks, of which all pairs are trained
_PART = 1 / 3  # of the budget, for the pairs of more tasks
_MEASURED = 'In pairs, these tasks helped each other.'
_ESTIMATED = 'By an estimate, these tasks would help each other in pairs.'
_LEVEL = 0.5  # magnitude similarity


class Evidence(NamedTuple):
    """What the trainings say about the tasks.

    Attributes:
      branching: The conflicts per stage; None if they were not measured.
      magnitude: The mean similarity of the norms of two task gradients, from 0 to 1; NaN if it was
        not measured.
      transfer: What task j gains in percent if it is trained with task i, ``[T, T]``; None if this
        is not known.
      is_measured: Whether the pairs were trained. If not, their gain is estimated.
      groups: Groups of tasks, ``{why: groups}``.
    """

    branching: Branching | None
    magnitude: float
    transfer: np.ndarray | None
    is_measured: bool
    groups: dict[str, list[list[str]]]


def evidence(
    watched: Sequence[Run],
    transfer: np.ndarray | None,
    tasks: Sequence[str],
    *,
    is_measured: bool,
) -> Evidence:
    """Return what the trainings say.

    Args:
      watched: The runs of hard sharing with a watch.
      transfer: What task j gains in percent if it is trained with task i, ``[T, T]``, or None.
      tasks: The names of the tasks.
      is_measured: Whether the pairs were trained.
    """
    logs = [run.history for run in watched if not run.error]
    found = [each for log in logs if (each := _conflicts(log))]
    groups = {}
    if transfer is not None:
        why = _MEASURED if is_measured else _ESTIMATED
        groups[why] = analysis.task_groups(transfer, tasks)
    return Evidence(_branching(found, tasks), _magnitude(logs), transfer, is_measured, groups)


def pairs(
    config: ConfigDict, tasks: Mapping[str, Task], lab: Lab, seeds: Sequence[int]
) -> dict[tuple[str, str], Proposal]:
    """Return the trainings of all pairs of tasks; nothing if they would take too long.

    They are trained if there are at most 6 tasks and the time is there, or if they take at most a
    third of the budget.
    """
    plain = with_methods(config, PLAIN)
    every = {
        (a, b): Proposal(
            f'{a} with {b}', of_tasks(plain, tasks, (a, b)), 'Do they help each other?'
        )
        for a, b in itertools.combinations(tasks, 2)
    }
    part = 1 if len(tasks) <= _MOST_PAIRED else _PART
    cost = sum(lab.cost(each, seeds) for each in every.values())
    fits = cost <= min(part * lab.clock.budget, lab.clock.left / 2)
    return every if fits and len(tasks) > 2 else {}


def transfer_of(
    runs: Mapping[tuple[str, str], Sequence[Run]], scores: Scores, tasks: Sequence[str]
):
    """Return what task j gains in percent if it is trained with task i, ``[T, T]``.

    Args:
      runs: The runs of each pair of tasks.
      scores: They compare with single tasks.
      tasks: The names of the tasks.
    """
    table = np.zeros((len(tasks), len(tasks)))
    for (a, b), each in runs.items():
        changes = scores.mean_changes(each)
        first, second = tasks.index(a), tasks.index(b)
        table[first, second], table[second, first] = -changes[b], -changes[a]
    return table


def _conflicts(log):
    try:
        return analysis.conflicts(log)
    except ValueError:  # the training was too short for a measurement
        return None


def _branching(found, tasks) -> Branching | None:
    try:
        return analysis.branching(found, tasks)
    except ValueError:  # no cosines of pairs at stages
        return None


def _magnitude(logs) -> float:
    values = [row['magnitude/all'] for log in logs for row in log if 'magnitude/all' in row]
    known = [value for value in values if value is not None and math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def is_balanced(found: Evidence) -> bool:
    """Return whether the gradients of all tasks have about the same norm, or it is not known."""
    return not found.magnitude < _LEVEL
