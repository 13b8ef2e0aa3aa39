"""Summaries of runs over several seeds, with a comparison to a baseline."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mtljax.analysis._table import Table
from mtljax.base import Task
from mtljax.metrics import delta_m

_DIGITS = {'seconds': 1, 'delta_m_flat': 2, 'delta_m_task': 2, 'mean_rank': 2}


class Record(NamedTuple):
    """The result of one run.

    Attributes:
      method: The name of the method. Runs that differ only in the seed have the same name.
      seed: The seed of the run.
      test: The test metrics, ``{task: {metric: value}}``.
      parameters: The number of parameters of the whole model.
      seconds: The time of training in seconds, without evaluation.
    """

    method: str
    seed: int
    test: dict[str, dict[str, float]]
    parameters: int
    seconds: float


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean of values and its standard error.

    The standard error is ``sd / sqrt(n)``, where sd is the standard deviation of the n values. It
    is NaN for a single value. Both results are NaN if a value is not finite.

    >>> mean_and_error([1.0, 3.0])
    (2.0, 1.0)
    """
    if not np.isfinite(values).all():
        return math.nan, math.nan
    error = np.std(values, ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return float(np.mean(values)), float(error)


def summary(
    records: Sequence[Record], baseline: str, tasks: Mapping[str, Task]
) -> dict[str, dict[str, tuple[float, float]]]:
    """The mean and the standard error of every quantity over the seeds, for each method.

    The quantities are:

    - the test metrics,
    - the number of parameters,
    - the training time,
    - the mean rank of the method over all metrics (see `mean_ranks`),
    - the mean relative change of the metrics against the baseline, in percent. There are two such
      means, ``delta_m_flat`` and ``delta_m_task`` (see `mtljax.metrics.delta_m`).

    For every metric, also for an accuracy, the sign of the change is such that a negative change is
    an improvement. A change compares one run with the mean over the runs of the baseline. A metric
    is left out of the changes if its mean for the baseline is NaN, infinite or 0; `undefined` lists
    these metrics.

    Args:
      records: The records of all runs.
      baseline: The method that the other methods are compared with.
      tasks: ``{task: Task}``, for the direction of each metric.

    Returns:
      ``{method: {quantity: (mean, standard error)}}``, with the methods in the order of the
      records. A metric has the name ``'task metric'``.

    Raises:
      ValueError: There is no run of the baseline method.

    >>> from mtljax import data
    >>> from mtljax.analysis import Record
    >>> tasks = data.digits(train=4, validation=2, test=2).tasks
    >>> def run(method, score):
    ...     test = {task: {'accuracy': score} for task in tasks}
    ...     return Record(method, 0, test, parameters=10, seconds=1.0)
    >>> table = summary([run('alone', 0.5), run('hard', 0.6)], 'alone', tasks)
    >>> table['hard']['delta_m_flat'][0]
    -19.99...
    """
    methods = list(dict.fromkeys(record.method for record in records))
    runs = {name: [r for r in records if r.method == name] for name in methods}
    if baseline not in runs:
        raise ValueError(f'baseline should be one of {methods}. Found {baseline!r}.')
    better = {
        task: {name: metric.higher_is_better for name, metric in row.metrics.items()}
        for task, row in tasks.items()
    }
    reference = {
        task: {
            name: mean_and_error([r.test[task][name] for r in runs[baseline]])[0] for name in names
        }
        for task, names in better.items()
    }
    defined = {
        task: {name: up for name, up in names.items() if _is_defined(reference[task][name])}
        for task, names in better.items()
    }
    rows = {
        name: [_quantities(record, reference, better, defined) for record in of_method]
        for name, of_method in runs.items()
    }
    results = {
        name: {what: mean_and_error([row[what] for row in seeds]) for what in seeds[0]}
        for name, seeds in rows.items()
    }
    ranked = mean_ranks({name: row for name, row in results.items() if name != baseline}, better)
    return {
        name: {**row, 'mean_rank': (ranked.get(name, math.nan), math.nan)}
        for name, row in results.items()
    }


def mean_ranks(
    results: Mapping[str, Mapping[str, tuple[float, float]]],
    better: Mapping[str, Mapping[str, bool]],
) -> dict[str, float]:
    """The mean rank of every method over all metrics, where rank 1 is the best.

    Methods with equal means share a rank. A method without a finite mean ranks last. A metric is
    left out if no method has a finite mean.

    Args:
      results: ``{method: {'task metric': (mean, standard error)}}``.
      better: ``{task: {metric: whether higher is better}}``.

    >>> results = {'hard': {'a mae': (0.5, 0.1)}, 'mmoe': {'a mae': (0.4, 0.1)}}
    >>> mean_ranks(results, {'a': {'mae': False}})
    {'hard': 2.0, 'mmoe': 1.0}
    """
    ranks: dict[str, list[float]] = {name: [] for name in results}
    for task, metrics in better.items():
        for metric, up in metrics.items():
            values = {name: row[f'{task} {metric}'][0] for name, row in results.items()}
            if not any(map(math.isfinite, values.values())):
                continue
            sign = 1 if up else -1
            scores = {n: sign * v if math.isfinite(v) else -math.inf for n, v in values.items()}
            for name, score in scores.items():
                above = sum(other > score for other in scores.values())
                level = sum(other == score for other in scores.values())
                ranks[name].append(above + (level + 1) / 2)
    return {name: float(np.mean(row)) if row else math.nan for name, row in ranks.items()}


def undefined(row: Mapping[str, tuple[float, float]], tasks: Mapping[str, Task]) -> list[str]:
    """The metrics for which no change relative to the baseline can be computed.

    These are the metrics whose mean for the baseline is NaN, infinite or 0.

    Args:
      row: The quantities of the baseline, ``summary(...)[baseline]``; see `summary`.
      tasks: ``{task: Task}``.

    Returns:
      The names of the metrics, ``'task metric'``.

    >>> undefined({}, {})
    []
    """
    names = [f'{name} {metric}' for name, task in tasks.items() for metric in task.metrics]
    return [name for name in names if not _is_defined(row[name][0])]


def _is_defined(value: float) -> bool:
    return math.isfinite(value) and value != 0


def _quantities(record: Record, reference, better, defined) -> dict[str, float]:
    values = record.test
    metrics = {f'{task} {name}': values[task][name] for task in better for name in better[task]}
    return {
        **metrics,
        'parameters': record.parameters,
        'seconds': record.seconds,
        **delta_m(values, reference, defined),
    }


def as_table(results: Mapping[str, Mapping[str, tuple[float, float]]], baseline: str) -> Table:
    """Convert the result of `summary` to a table of text, with cells ``mean ± standard error``.

    The row of the baseline shows no relative change and no rank.

    Args:
      results: The result of `summary`.
      baseline: The method that the other methods were compared with.

    >>> as_table({'alone': {'a mae': (0.5, 0.1)}}, 'alone').rows
    [['alone', '0.5000 ± 0.1000']]
    """
    quantities = list(next(iter(results.values())))
    columns = {what: [row[what] for row in results.values()] for what in quantities}
    digits = {what: decimals(column) for what, column in columns.items()} | _DIGITS
    rows = []
    for method, row in results.items():
        is_baseline = method == baseline
        cells = [_cell(w, digits[w], *row[w], is_baseline=is_baseline) for w in quantities]
        rows.append([method, *cells])
    return Table(['method', *map(_heading, quantities)], rows)


def decimals(column: Iterable[tuple[float, float]]) -> int:
    """The number of decimals for a column of means and errors, from 4 to 8.

    It shows two digits of the largest error.

    >>> decimals([(0.5, 0.01), (0.6, 0.001)]), decimals([(0.5, 2e-5)])
    (4, 6)
    """
    pairs = [(abs(mean), error) for mean, error in column]
    errors = [error for _, error in pairs if math.isfinite(error) and error]
    means = [mean for mean, _ in pairs if math.isfinite(mean) and mean]
    size = max(errors or means, default=1.0)
    return min(max(4, 1 - math.floor(math.log10(size))), 8)


def _heading(quantity: str) -> str:
    titles = {
        'seconds': 'training seconds',
        'delta_m_flat': 'delta_m_flat % (negative is better)',
        'delta_m_task': 'delta_m_task % (negative is better)',
        'mean_rank': 'mean rank',
    }
    return titles.get(quantity, quantity)


def _cell(quantity: str, digits: int, mean: float, error: float, *, is_baseline: bool) -> str:
    if quantity == 'parameters':
        return f'{mean:,.0f}'
    if quantity.startswith(('delta_m', 'mean_rank')) and is_baseline:
        return '-'
    spread = '' if math.isnan(error) else f' ± {error:,.{digits}f}'
    return f'{mean:,.{digits}f}{spread}'
