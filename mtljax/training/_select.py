"""Scores that choose the best evaluation."""

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from mtljax._near import did_you_mean
from mtljax.base import Task
from mtljax.options import check_not_negative
from mtljax.training._evaluate import Results


def filled(tasks: Mapping[str, Task], value: float) -> Results:
    """Return results that have the same number for the loss and every metric of every task.

    Args:
      tasks: The `Task` of each task name, ``{task: Task}``.
      value: The number.

    >>> from mtljax import data
    >>> filled(data.digits(train=4, validation=2, test=2).tasks, 1.0)['left']
    {'loss': 1.0, 'accuracy': 1.0}
    """
    return {name: dict.fromkeys(['loss', *task.metrics], value) for name, task in tasks.items()}


def check_score(score: Callable[[Results], float], tasks: Mapping[str, Task]) -> None:
    """Check that a score function returns a number, for results that are 1 or 0.5 everywhere.

    Args:
      score: A function from results to a score.
      tasks: The `Task` of each task name, ``{task: Task}``.

    Raises:
      ValueError: It returns something else, or NaN for both.

    >>> check_score(lambda results: None, {})
    Traceback (most recent call last):
    ValueError: select should return a number. Found None for results that are 1.
    """
    found = [score(filled(tasks, value)) for value in (1.0, 0.5)]
    if np.ndim(found[0]) or not isinstance(found[0], numbers.Real | np.ndarray | jax.Array):
        raise ValueError(
            f'select should return a number. Found {found[0]!r:.80} for results that are 1.'
        )
    if all(math.isnan(each) for each in found):
        raise ValueError('select should return a number. Found NaN for results that are 1 or 0.5.')


def select_by(
    metric: str = 'loss',
    *,
    higher_is_better: bool = False,
    weights: Mapping[str, float] | None = None,
) -> Callable[[Results], float]:
    """Make a score function that is based on the mean of one metric over the tasks.

    You can pass the function to `train` as the option ``select``. The mean is over the tasks that
    have the metric. Values that are not finite do not count, for example the NaN of a task without
    labels.

    Args:
      metric: The name of the metric, the same for all tasks.
      higher_is_better: Whether a higher value of the metric is better. If False, the score is the
        negative mean, so that a better result always has a higher score.
      weights: The weight of each task in the mean, such as ``{'click': 1.0, 'like': 0.5}``. Tasks
        that are left out do not count. None means the same weight for all tasks that have the
        metric.

    Returns:
      A function from results to a score. It raises a ValueError if no task has the metric, or if a
      task in ``weights`` does not exist or lacks the metric.

    Raises:
      ValueError: ``weights`` is no mapping from tasks to finite numbers >= 0, or all are 0.

    >>> select_by('loss')({'a': {'loss': 0.5}, 'b': {'loss': 1.5}})
    -1.0
    >>> select_by('loss', weights={'b': 1})({'a': {'loss': 0.5}, 'b': {'loss': 1.5}})
    -1.5
    """
    if weights is not None:
        _check_weights(weights)
    sign = 1 if higher_is_better else -1

    def score(results):
        known = [task for task, row in results.items() if metric in row]
        _check_names(metric, known, results, weights)
        shares = dict.fromkeys(known, 1.0) if weights is None else weights
        shares = {
            task: share
            for task, share in shares.items()
            if share > 0 and math.isfinite(results[task][metric])
        }
        total = sum(share * results[task][metric] for task, share in shares.items())
        return sign * total / sum(shares.values()) if shares else -math.inf

    return score


def _check_weights(weights: Any) -> None:
    if not isinstance(weights, Mapping):
        raise ValueError(
            "weights should be a mapping such as {'click': 1.0, 'like': 0.5}. "
            f'Found weights = {weights!r:.200}.'
        )
    for task, weight in weights.items():
        check_not_negative(f'weights[{task!r}]', weight)
    if not any(weights.values()):
        raise ValueError(
            f'A weight in weights should be above 0. Found weights = {dict(weights)!r:.200}.'
        )


def _check_names(
    metric: str, known: Sequence[str], results: Results, weights: Mapping[str, float] | None
) -> None:
    unknown = sorted(set(weights or ()) - set(results))
    if unknown:
        raise ValueError(
            f'weights should name tasks, {list(results)}. Found {unknown}.'
            f'{did_you_mean(unknown, results)}'
        )
    lacking = sorted(set(weights or ()) - set(known))
    if lacking or not known:
        names = {task: sorted(row) for task, row in results.items()}
        metrics = {name for row in results.values() for name in row}
        who = f'The tasks {lacking} in weights lack' if lacking else 'No task has'
        raise ValueError(
            f'{who} the metric {metric!r}. Found {names}.{did_you_mean(metric, metrics)}'
        )
