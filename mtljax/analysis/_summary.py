"""Runs over several seeds, summed up and compared with the single-task baseline."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mtljax.analysis._table import Table
from mtljax.base import Task
from mtljax.metrics import delta_m

_DIGITS = {'seconds': 1, 'delta_m_flat': 2, 'delta_m_task': 2, 'mean_rank': 2}


class Record(NamedTuple):
    """One run.

    Attributes:
      method: what was run; runs that differ in the seed only share it.
      seed: of the run.
      test: ``{task: {metric: value}}``.
      parameters: of the whole model.
      seconds: of training alone.
    """

    method: str
    seed: int
    test: dict[str, dict[str, float]]
    parameters: int
    seconds: float


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error, ``sd / sqrt(n)``; the error of one value is NaN.

    Values that are not finite make both NaN.

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
    """Mean and standard error over seeds of every quantity, per method in order of appearance.

    ``delta_m_flat`` and ``delta_m_task`` compare each run with the mean of the baseline's runs, in
    percent; negative is better. Metrics that the baseline does not have, NaN or 0, are left out of
    them, as `undefined` says.

    Args:
      records: all runs.
      baseline: the method that the others are compared with.
      tasks: ``{task: Task}``, for the direction of each metric.

    Returns:
      ``{method: {quantity: (mean, standard error)}}``; metrics are named ``'task metric'``.

    Raises:
      ValueError: no run of the baseline.

    >>> from mtljax import data
    >>> tasks = data.digits(train=4, validation=2, test=2).tasks
    >>> def run(method, score):
    ...     test = {task: {'accuracy': score} for task in tasks}
    ...     return Record(method, 0, test, parameters=10, seconds=1.0)
    >>> found = summary([run('alone', 0.5), run('hard', 0.6)], 'alone', tasks)
    >>> found['hard']['delta_m_flat'][0]
    -19.99...
    """
    methods = list(dict.fromkeys(record.method for record in records))
    runs = {name: [r for r in records if r.method == name] for name in methods}
    if baseline not in runs:
        raise ValueError(f'No run of the baseline {baseline!r}. Found {methods}.')
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
        name: [_quantities(record, reference, better, defined) for record in found]
        for name, found in runs.items()
    }
    found = {
        name: {what: mean_and_error([row[what] for row in own]) for what in own[0]}
        for name, own in rows.items()
    }
    ranked = mean_ranks({name: row for name, row in found.items() if name != baseline}, better)
    return {
        name: {**row, 'mean_rank': (ranked.get(name, math.nan), math.nan)}
        for name, row in found.items()
    }


def mean_ranks(
    found: Mapping[str, Mapping[str, tuple[float, float]]],
    better: Mapping[str, Mapping[str, bool]],
) -> dict[str, float]:
    """The mean over all metrics of each method's rank, 1 for the best; equal means share a rank.

    A method without a finite mean is the last; a metric that no method has does not count.

    Args:
      found: ``{method: {'task metric': (mean, standard error)}}``.
      better: ``{task: {metric: whether higher is better}}``.

    >>> found = {'hard': {'a mae': (0.5, 0.1)}, 'mmoe': {'a mae': (0.4, 0.1)}}
    >>> mean_ranks(found, {'a': {'mae': False}})
    {'hard': 2.0, 'mmoe': 1.0}
    """
    ranks: dict[str, list[float]] = {name: [] for name in found}
    for task, metrics in better.items():
        for metric, up in metrics.items():
            values = {name: row[f'{task} {metric}'][0] for name, row in found.items()}
            if not any(map(math.isfinite, values.values())):
                continue
            sign = 1 if up else -1
            scores = {n: sign * v if math.isfinite(v) else -math.inf for n, v in values.items()}
            for name, score in scores.items():
                above = sum(other > score for other in scores.values())
                level = sum(other == score for other in scores.values())
                ranks[name].append(above + (level + 1) / 2)
    return {name: float(np.mean(row)) if row else math.nan for name, row in ranks.items()}


def undefined(found: Mapping[str, tuple[float, float]], tasks: Mapping[str, Task]) -> list[str]:
    """The metrics of a baseline that nothing can be compared with: NaN, infinite, or 0.

    Args:
      found: its row of a `summary`.
      tasks: ``{task: Task}``.

    >>> undefined({}, {})
    []
    """
    names = [f'{task} {name}' for task, row in tasks.items() for name in row.metrics]
    return [name for name in names if not _is_defined(found[name][0])]


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


def as_table(found: Mapping[str, Mapping[str, tuple[float, float]]], baseline: str) -> Table:
    """The summary as text, ``mean ± standard error``; the baseline has no difference to itself.

    Args:
      found: what `summary` returned.
      baseline: the method that the others were compared with.

    >>> as_table({'alone': {'a mae': (0.5, 0.1)}}, 'alone').rows
    [['alone', '0.5000 ± 0.1000']]
    """
    quantities = list(next(iter(found.values())))
    digits = {what: decimals(row[what] for row in found.values()) for what in quantities} | _DIGITS
    rows = []
    for method, row in found.items():
        cells = [_cell(w, digits[w], *row[w], own=method == baseline) for w in quantities]
        rows.append([method, *cells])
    return Table(['method', *map(_heading, quantities)], rows)


def decimals(column: Iterable[tuple[float, float]]) -> int:
    """Decimals for a column of means and errors: two digits of the largest error, 4 to 8 in all.

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
        'seconds': 'training s',
        'delta_m_flat': 'delta_m_flat % (negative is better)',
        'delta_m_task': 'delta_m_task % (negative is better)',
        'mean_rank': 'mean rank',
    }
    return titles.get(quantity, quantity)


def _cell(quantity: str, digits: int, mean: float, error: float, *, own: bool) -> str:
    if quantity == 'parameters':
        return f'{mean:,.0f}'
    if quantity.startswith(('delta_m', 'mean_rank')) and own:
        return '-'
    spread = '' if math.isnan(error) else f' ± {error:,.{digits}f}'
    return f'{mean:,.{digits}f}{spread}'
