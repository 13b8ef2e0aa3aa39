"""Which evaluation is the best."""

import math
from collections.abc import Callable, Mapping

from mtljax.base import Task
from mtljax.training._evaluate import Results


def filled(tasks: Mapping[str, Task], value: float) -> Results:
    """Results in which the loss and every metric of every task are the same number.

    >>> filled({}, 1.0)
    {}
    """
    return {name: dict.fromkeys(['loss', *task.metrics], value) for name, task in tasks.items()}


def select_by(
    metric: str = 'loss', *, higher_is_better: bool = False
) -> Callable[[Results], float]:
    """A score of validation results: the mean of one metric over the tasks that have it.

    Values that are not finite, such as those of a task without labels, do not count.

    Args:
      metric: its name, the same for all tasks.
      higher_is_better: its direction; the score is higher for better results in any case.

    Raises:
      ValueError: at the call, no task has the metric.

    >>> select_by('loss')({'a': {'loss': 0.5}, 'b': {'loss': 1.5}})
    -1.0
    """
    sign = 1 if higher_is_better else -1

    def score(results):
        found = [row[metric] for row in results.values() if metric in row]
        if not found:
            names = {task: sorted(row) for task, row in results.items()}
            raise ValueError(f'No task has the metric {metric!r}. Found {names}.')
        found = [value for value in found if math.isfinite(value)]
        return sign * sum(found) / len(found) if found else -math.inf

    return score
