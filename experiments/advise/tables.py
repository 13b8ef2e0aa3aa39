"""The tables behind an advice."""

import math
from collections.abc import Mapping, Sequence

from experiments.advise.advise import Advice
from experiments.compare.methods import BASELINE
from experiments.compare.run import Run
from experiments.compare.verdict import main_metric
from mtljax.analysis import Table, mean_and_error, student_interval
from mtljax.base import Task

TRIED = (
    'On validation: the change against each task alone, in percent; negative is better. The column '
    'change % is the mean over the tasks that decide, ± half the 95 % interval over the seeds.'
)
TESTED = 'On the test split, which chose nothing: mean ± standard error over the seeds.'


def tried(advice: Advice) -> Table:
    """Return a table with a row for each method that was trained."""
    rows = []
    scores = advice.scores
    means = {method: scores.by_seed(runs) for method, runs in advice.race.runs.items()}
    for method in sorted(means, key=lambda name: (-len(means[name]), _mean(means[name]))):
        runs = advice.race.runs[method]
        values = [*means[method].values()]
        mean, half = student_interval(values) if values else (math.nan, math.nan)
        rows.append(
            [
                method,
                str(len(runs)),
                _percent(mean, half),
                *(_percent(change) for change in scores.mean_changes(runs).values()),
                f'{runs[0].parameters:,}',
            ]
        )
    tasks = [*scores.mean_changes([])]
    return Table(['method', 'seeds', 'change %', *tasks, 'parameters'], rows)


def tested(advice: Advice, tasks: Mapping[str, Task]) -> Table:
    """Return the results on the test split: alone, the default, and the choice."""
    columns = {'alone': advice.alone, 'default': advice.race.runs['hard']}
    if advice.choice.method not in ('hard', BASELINE):
        columns[advice.choice.method] = advice.race.runs[advice.choice.method]
    rows = []
    for task, spec in tasks.items():
        metric = main_metric(spec).name
        cells = [_value(runs, task, metric) for runs in columns.values()]
        rows.append([f'{task} {metric}', *cells])
    last = columns[list(columns)[-1]]
    for row, change in zip(rows, advice.scores.mean_changes(last, 'test').values(), strict=True):
        row.append(_percent(change))
    return Table(['task', *columns, 'change %'], rows)


def _value(runs: Sequence[Run], task: str, metric: str) -> str:
    values = [run.test[task][metric] for run in runs if task in run.test and not run.error]
    if not values:
        return '-'
    mean, error = mean_and_error(values)
    return f'{mean:.4g}' + (f' ± {error:.2g}' if math.isfinite(error) else '')


def _percent(mean: float, half: float = math.nan) -> str:
    if not math.isfinite(mean):
        return '-'
    return f'{mean:+.2f}' + (f' ± {half:.2f}' if math.isfinite(half) else '')


def _mean(values: Mapping[int, float]) -> float:
    return sum(values.values()) / len(values) if values else math.inf
