"""The mean relative change of several metrics."""

import math
from collections.abc import Mapping


def delta_m(
    results: Mapping[str, Mapping[str, float]],
    baseline: Mapping[str, Mapping[str, float]],
    higher_is_better: Mapping[str, Mapping[str, bool]],
) -> dict[str, float]:
    """The mean relative change of several metrics against a baseline, in percent.

    A negative value means that the results are better than the baseline, for all kinds of metrics:
    the sign of the change is flipped for metrics such as accuracy, for which higher is better. For
    metric k with the result ``M_k`` and the baseline ``B_k``, the change is
    ``100 (-1)^h (M_k - B_k) / |B_k|``, where h is 1 if higher is better and 0 if lower is better
    (Maninis, Radosavovic, Kokkinos, CVPR 2019, https://arxiv.org/abs/1904.08918). The mean is NaN
    if there is no metric, or if a baseline is 0.

    Args:
      results: ``{task: {metric: value}}``.
      baseline: ``{task: {metric: value}}``, the results of the baseline.
      higher_is_better: ``{task: {metric: whether higher is better}}``.

    Returns:
      A dict with two means of the changes. ``delta_m_flat`` is the mean over all metrics of all
      tasks. ``delta_m_task`` is the mean over the tasks, where the change of a task is the mean
      over its metrics.

    >>> delta_m({'a': {'mae': 0.9}}, {'a': {'mae': 1.0}}, {'a': {'mae': False}})['delta_m_flat']
    -9.99...
    """
    changes = {
        task: [
            100 * (1 - 2 * better) * _relative(results[task][name], base[name])
            for name, better in higher_is_better[task].items()
        ]
        for task, base in baseline.items()
    }
    flat = [change for row in changes.values() for change in row]
    per_task = [sum(row) / len(row) for row in changes.values() if row]
    return {'delta_m_flat': _average(flat), 'delta_m_task': _average(per_task)}


def _relative(value: float, base: float) -> float:
    return (value - base) / abs(base) if base else math.nan


def _average(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan
