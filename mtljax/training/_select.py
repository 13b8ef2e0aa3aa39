"""Scores that choose the best evaluation."""

import math
import numbers
from collections.abc import Callable, Mapping

import jax
import numpy as np

from mtljax._near import did_you_mean
from mtljax.base import Task
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
    metric: str = 'loss', *, higher_is_better: bool = False
) -> Callable[[Results], float]:
    """Make a score function that is based on the mean of one metric over the tasks.

    You can pass the function to `train` as the option ``select``. The mean is over the tasks that
    have the metric. Values that are not finite do not count, for example the NaN of a task without
    labels.

    Args:
      metric: The name of the metric, the same for all tasks.
      higher_is_better: Whether a higher value of the metric is better. If False, the score is the
        negative mean, so that a better result always has a higher score.

    Returns:
      A function from results to a score. It raises a ValueError if no task has the metric.

    >>> select_by('loss')({'a': {'loss': 0.5}, 'b': {'loss': 1.5}})
    -1.0
    """
    sign = 1 if higher_is_better else -1

    def score(results):
        values = [row[metric] for row in results.values() if metric in row]
        if not values:
            names = {task: sorted(row) for task, row in results.items()}
            known = {name for row in results.values() for name in row}
            raise ValueError(
                f'No task has the metric {metric!r}. Found {names}.{did_you_mean(metric, known)}'
            )
        values = [value for value in values if math.isfinite(value)]
        return sign * sum(values) / len(values) if values else -math.inf

    return score
