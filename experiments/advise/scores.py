"""How good runs are: the change of each task against a network of its own, on validation."""

import math
from collections.abc import Mapping, Sequence

from experiments.compare.run import Run
from experiments.compare.verdict import Metric, main_metric
from mtljax.base import Task
from mtljax.training import Results

Changes = dict[str, float]
"""``{task: change in percent}``; below 0 is better. NaN for a task without a number."""


class Scores:
    """The changes of runs against reference runs.

    Args:
      tasks: The tasks of the data set.
      reference: The runs of single tasks, or, for tasks without one, of a shared model.
      primary: The task that decides alone; None for the mean over the tasks.
    """

    def __init__(self, tasks: Mapping[str, Task], reference: Sequence[Run], primary: str | None):
        self._metrics = {name: main_metric(task) for name, task in tasks.items()}
        self._primary = primary
        self._reference = {
            split: _means([getattr(run, split) for run in reference], self._metrics)
            for split in ('validation', 'test')
        }

    def changes(self, results: Results, split: str = 'validation') -> Changes:
        """Return the change of each task in percent."""
        return {
            task: _change(
                results[task][metric.name],
                self._reference[split].get(task, math.nan),
                metric.higher_is_better,
            )
            for task, metric in self._metrics.items()
        }

    def score(self, changes: Mapping[str, float]) -> float:
        """Return the number that chooses, less is better: a mean; infinity without numbers."""
        every = changes.values() if self._primary is None else [changes[self._primary]]
        finite = [change for change in every if math.isfinite(change)]
        return sum(finite) / len(finite) if finite else math.inf

    def by_seed(self, runs: Sequence[Run], split: str = 'validation') -> dict[int, float]:
        """Return ``{seed: score}`` of the runs that did not fail."""
        return {
            run.seed: self.score(self.changes(getattr(run, split), split))
            for run in runs
            if not run.error
        }

    def mean_changes(self, runs: Sequence[Run], split: str = 'validation') -> Changes:
        """Return the mean change of each task over the runs that did not fail."""
        every = [self.changes(getattr(run, split), split) for run in runs if not run.error]
        return {
            task: sum(each[task] for each in every) / len(every) if every else math.nan
            for task in self._metrics
        }

    def unknown(self) -> list[str]:
        """Return the tasks that have no number on validation, for example because of no labels."""
        known = self._reference['validation']
        return [task for task in self._metrics if not math.isfinite(known.get(task, math.nan))]


def _means(results: Sequence[Results], metrics: Mapping[str, Metric]) -> dict[str, float]:
    """Return the mean of the main metric of each task."""
    means = {}
    for task, metric in metrics.items():
        values = [row[task][metric.name] for row in results if task in row]
        if values:
            means[task] = sum(values) / len(values)
    return means


def _change(value: float, reference: float, higher_is_better: bool) -> float:
    """Return a relative change in percent; below 0 is better.

    >>> _change(0.9, 0.8, True), _change(0.5, 0.0, False)
    (-12.49..., nan)
    """
    if not math.isfinite(reference) or reference == 0:
        return math.nan
    return 100 * (1 - 2 * higher_is_better) * (value - reference) / abs(reference)
