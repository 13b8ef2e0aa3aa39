"""The tables and the figure of a sweep."""

import json
import math
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from experiments import program
from experiments.compare.records import records
from experiments.compare.run import Run
from experiments.sweep.points import Sweep
from mtljax.analysis import Record, Table, mean_and_error, student_interval
from mtljax.base import Task
from mtljax.files import png_of

_MEAN = 'mean'
_WIDEST = 12  # letters of a value below the figure, before it is broken
Scores = dict[str, dict[str, dict[int, float]]]
"""``{method: {value: {seed: score}}}`` of one quantity."""


class Report(NamedTuple):
    """The tables, ``(title, table, caption)``, and the scores that they summarise.

    Attributes:
      tables: The tables.
      scores: The scores of each quantity.
      better: ``{quantity: whether more is better}``.
    """

    tables: list[tuple[str, Table, str]]
    scores: dict[str, Scores]
    better: dict[str, bool]


def check(sweep: Sweep, tasks: Mapping[str, Task]) -> None:
    """Check that the tasks have every quantity of the sweep.

    Raises:
      UsageError: A quantity is missing.
    """
    for quantity in sweep.quantities:
        if not _parts(quantity, tasks):
            known = [f'{task} {name}' for task, row in tasks.items() for name in row.metrics]
            raise program.UsageError(
                f'config.sweep.quantities should be among {known}. Found {quantity!r}.'
            )


def report(best: Mapping[str, Sequence[Run]], sweep: Sweep, tasks: Mapping[str, Task]) -> Report:
    """Make the tables of a sweep.

    Args:
      best: The chosen runs, ``{value: runs}``.
      sweep: The sweep.
      tasks: The tasks of the data set.

    Raises:
      UsageError: The reference is not one of the methods.
    """
    rows = {label: records(runs) for label, runs in best.items()}
    methods = list(dict.fromkeys(record.method for each in rows.values() for record in each))
    if sweep.reference not in methods:
        raise program.UsageError(
            f'config.sweep.reference should be one of {methods}. Found {sweep.reference!r}.'
        )
    seeds = {record.seed for each in rows.values() for record in each}
    tables, scores, directions = [], {}, {}
    for quantity in sweep.quantities:
        parts = _parts(quantity, tasks)
        scores[quantity] = table = _scores(rows, methods, parts)
        task, name = parts[0]
        directions[quantity] = tasks[task].metrics[name].higher_is_better
        better = 'more' if directions[quantity] else 'less'
        caption = f'Test, mean ± standard error over {len(seeds)} seeds; {better} is better.'
        caption += _OVER_VALUES if sweep.average else ''
        tables.append((quantity, _means(table, sweep.average), caption))
        paired = _differences(table, sweep)
        tables.append((f'{quantity}, minus {sweep.reference}', paired, _PAIRED))
    return Report(tables, scores, directions)


_OVER_VALUES = f' {_MEAN}: the mean over all values ± standard error over the values.'
_PAIRED = (
    'Mean of paired differences ± half the 95 % interval (Student); * means that 0 is outside it.'
)


def _parts(quantity: str, tasks: Mapping[str, Task]) -> list[tuple[str, str]]:
    """Return the pairs of task and metric whose mean is the quantity."""
    every = [(task, name) for task, row in tasks.items() for name in row.metrics]
    return [part for part in every if quantity in (' '.join(part), part[1])]


def _scores(rows: Mapping[str, Sequence[Record]], methods, parts) -> Scores:
    return {
        method: {
            label: {
                record.seed: float(np.mean([record.test[task][name] for task, name in parts]))
                for record in each
                if record.method == method
            }
            for label, each in rows.items()
        }
        for method in methods
    }


def _over_values(row: Mapping[str, Mapping[int, float]]) -> list[float]:
    return [float(np.mean(list(seeds.values()))) for seeds in row.values()]


def _means(scores: Scores, average: bool) -> Table:
    labels = list(next(iter(scores.values())))
    rows = []
    for method, row in scores.items():
        cells = [list(row[label].values()) for label in labels]
        cells += [_over_values(row)] if average else []
        rows.append([method, *(_cell(*mean_and_error(values)) for values in cells)])
    return Table(['method', *labels, *([_MEAN] if average else [])], rows)


def _differences(scores: Scores, sweep: Sweep) -> Table:
    found = differences(scores, sweep)
    labels = [*next(iter(scores.values())), *([_MEAN] if sweep.average else [])]
    rows = [
        [method, *(_cell(*pair, sign='+') for pair in row.values())]
        for method, row in found.items()
    ]
    return Table(['method', *labels], rows)


def differences(scores: Scores, sweep: Sweep) -> dict[str, dict[str, tuple[float, float]]]:
    """Return the paired differences to the reference, with half of the 95 % interval of each.

    Args:
      scores: The scores of a quantity.
      sweep: The sweep.

    Returns:
      ``{method: {value: (mean, half)}}``.
    """
    reference, found = scores[sweep.reference], {}
    for method, row in scores.items():
        if method == sweep.reference:
            continue
        cells = {
            label: [score - reference[label][seed] for seed, score in seeds.items()]
            for label, seeds in row.items()
        }
        if sweep.average:
            cells[_MEAN] = [float(np.mean(cell)) for cell in cells.values()]
        found[method] = {label: student_interval(values) for label, values in cells.items()}
    return found


def _cell(mean: float, half: float, sign: str = '') -> str:
    if math.isnan(half):
        return f'{mean:{sign}.4f}'
    mark = ' *' if sign and abs(mean) > half else ''
    return f'{mean:{sign}.4f} ± {half:.4f}{mark}'


def files(report: Report, title: str) -> dict[str, bytes]:
    """Return the content of the files by name: the tables, every score, and the figure."""
    parts = [f'# {title}']
    for heading, table, caption in report.tables:
        parts += [f'{heading}:', table.markdown(), caption]
    return {
        'table.md': ('\n\n'.join(parts) + '\n').encode(),
        'results.json': program.to_json(json.loads(json.dumps(report.scores))).encode(),
        'sweep.png': png_of(figure(report.scores, title)),
    }


def figure(scores: Mapping[str, Scores], title: str) -> Figure:
    """Draw a panel per quantity, with a line per method over the values of the field.

    Args:
      scores: The scores of each quantity.
      title: The title of the figure.
    """
    drawn = Figure(figsize=(4.6 * len(scores) + 1.2, 3.8), layout='constrained')
    panels = drawn.subplots(1, len(scores), squeeze=False)[0]
    for axes, (quantity, methods) in zip(panels, scores.items(), strict=True):
        for index, (method, row) in enumerate(methods.items()):
            pairs = [mean_and_error(list(seeds.values())) for seeds in row.values()]
            means, errors = zip(*pairs, strict=True)
            errors = [0 if math.isnan(error) else error for error in errors]
            places = np.arange(len(row)) + 0.03 * (index - len(methods) / 2)  # side by side
            style = {'marker': 'o', 'markersize': 4, 'capsize': 3, 'color': f'C{index % 10}'}
            axes.errorbar(places, means, yerr=errors, label=method, **style)
        labels = list(next(iter(methods.values())))
        field = labels[0].partition(' ')[0]
        values = [fill(label.partition(' ')[2], _WIDEST) for label in labels]
        axes.set_xticks(range(len(labels)), values, fontsize='small')
        axes.set_xlabel(field)
        axes.set_title(quantity, fontsize='medium')
        axes.grid(alpha=0.3)
    handles, names = panels[0].get_legend_handles_labels()
    drawn.legend(handles, names, loc='outside right upper', fontsize='small')
    drawn.suptitle(title)
    return drawn
