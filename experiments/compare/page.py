"""The page of a comparison."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.compare import latency
from experiments.compare.methods import BASELINE
from experiments.compare.records import histories, records
from experiments.compare.report import PAIRED, Report
from experiments.compare.run import Run
from experiments.compare.verdict import main_metric, shared_row
from experiments.report import (
    Html,
    Page,
    Panel,
    Section,
    Series,
    conflict_parts,
    curve_panels,
    element,
    interval_rows,
    joined,
    note,
    provenance,
    shaded,
    sortable,
    span,
)
from mtljax import analysis
from mtljax.analysis import Table
from mtljax.base import Task

_BARS = 'The bar is the standard error over seeds, the vertical line the mean of single-task.'
_ORDER = 'The best method on validation stands first, below single-task.'
_MOST_GATES = 24  # of which the entropy is drawn
_JUDGED = (
    'Differences to single-task, seed by seed, with 95 % intervals. A hollow point is within '
    'noise: its interval contains 0, the vertical line.'
)


def page_of(
    report: Report,
    best: Sequence[Run],
    tasks: Mapping[str, Task],
    config: Mapping[str, Any],
    workdir: Path,
    following: Sequence[str] = (),
) -> Page:
    """Return the page of a comparison.

    Args:
      report: The tables.
      best: The runs of the variants that validation chose.
      tasks: The tasks of the data set.
      config: The config, as JSON types.
      workdir: The folder of the comparison.
      following: The commands that go on with the best run.
    """
    series = Series(report.methods, BASELINE)
    made = provenance(
        workdir,
        config,
        devices=sorted({device for run in best for device in run.devices}),
        code=sorted({run.code for run in best}),
        following=following,
    )
    sections = [
        Section('Results', _results(report, tasks, series)),
        Section('Differences', _differences(report, best, tasks, series)),
        Section('Learning curves', _curves(report, best, tasks, series)),
        Section('Conflicts', _conflicts(best)),
        Section('Gates and units', joined([_mixing(best, list(tasks)), _entropies(best, series)])),
        Section('Time of an answer', _latency(report)),
        Section('Published results', _published(report)),
        Section('How this was made', made),
    ]
    return Page('Comparison', report.title, report.found, _facts(report, best, tasks), sections)


def _facts(report: Report, best: Sequence[Run], tasks: Mapping[str, Task]) -> dict[str, str]:
    row = shared_row(report.rows)
    alone = next(each.parameters for each in report.rows if each.method == BASELINE)
    return {
        'tasks': str(len(tasks)),
        'methods': str(len(report.rows)),
        'seeds': str(len({run.seed for run in best})),
        'best shared model on validation': row.method,
        'of the parameters of single-task': f'{100 * row.parameters / alone:.0f} %',
    }


def _better(tasks: Mapping[str, Task]) -> dict[str, bool]:
    """Return the direction of each metric, ``{'task metric': whether more is better}``."""
    return {
        f'{task} {name}': metric.higher_is_better
        for task, row in tasks.items()
        for name, metric in row.metrics.items()
    }


def _results(report: Report, tasks: Mapping[str, Task], series: Series) -> Html:
    better = _better(tasks)
    titles = {name: name for name in better} | {'delta_m_flat': 'delta_m_flat %'}
    panels = [
        Panel(
            title,
            {method: span(*row[name]) for method, row in report.summary.items()},
            report.summary[BASELINE][name][0] if name in better else 0.0,
            better.get(name, False),
        )
        for name, title in titles.items()
    ]
    lower = {name: False for name in report.main.columns if name.startswith(('delta_m', 'mean'))}
    main = Table(
        report.main.columns,
        sorted(report.main.rows, key=lambda row: series.names.index(row[0])),
    )
    return joined(
        [
            interval_rows(panels, series.names, f'On the test split. {_BARS} {_ORDER}', series),
            sortable(main, 'The same as numbers: mean ± standard error.', better | lower),
            *map(note, report.notes),
        ]
    )


def _differences(
    report: Report, best: Sequence[Run], tasks: Mapping[str, Task], series: Series
) -> Html:
    names = {task: list(row.metrics) for task, row in tasks.items()}
    found = analysis.paired(records(best), BASELINE, names)
    panels = [
        Panel(name, {method: span(*row[name]) for method, row in found.items()}, 0.0, more, True)
        for name, more in _better(tasks).items()
    ]
    rows = [name for name in series.names if name in found]
    if not panels or not rows:
        return Html()
    return joined([interval_rows(panels, rows, _JUDGED), sortable(report.paired, PAIRED)])


def _curves(report: Report, best: Sequence[Run], tasks: Mapping[str, Task], series: Series) -> Html:
    panels = {}
    for task, row in tasks.items():
        name, more = main_metric(row)
        panels[f'validation/{task}/{name}'] = f'{task} {name}{" ↑" if more else " ↓"}'
    logs = histories(best)
    curves = curve_panels({name: logs[name] for name in series.names}, panels, series)
    words = 'On the validation split: the mean over seeds, and their range.'
    return joined([note(words), curves]) if curves else Html()


def _conflicts(best: Sequence[Run]) -> Html:
    """Return the conflicts of each method, from its first seed that has them."""
    found: dict[str, list[Html]] = {}
    for run in best:
        if not found.get(run.method):
            found[run.method] = conflict_parts(run.history, f'{run.method}, seed {run.seed}')
    return joined(part for parts in found.values() for part in parts)


def _mixing(best: Sequence[Run], tasks: Sequence[str]) -> Html:
    """Return the gates and units of each method, from its first seed that has them."""
    parts, seen = [], set()
    for run in best:
        if not run.mixing or run.method in seen:
            continue
        seen.add(run.method)
        parts.append(element('h3', {}, f'{run.method}, seed {run.seed}'))
        for name, matrix in run.mixing.items():
            rows = tasks if len(matrix) == len(tasks) else ['all tasks'] * len(matrix)
            units = 'units' in name
            kind, count = 'tower' if units else 'expert', len(matrix[0])
            whole = units and count == len(tasks)
            columns = tasks if whole else [f'{kind} {at + 1}' for at in range(count)]
            parts.append(shaded(matrix, rows, columns, name))
    return joined(parts)


def _entropies(best: Sequence[Run], series: Series) -> Html:
    """Return how the entropy of each gate changes over the steps; nothing without gates."""
    logs = histories(best)
    start = 'gate_entropy/'
    names = [name for runs in logs.values() for rows in runs for row in rows for name in row]
    gates = [name for name in dict.fromkeys(names) if name.startswith(start)][:_MOST_GATES]
    panels = {name: f'entropy of {" ".join(name.split("/")[1:])}' for name in gates}
    curves = curve_panels(logs, panels, series)
    words = 'The entropy of a gate is 1 if it weights all experts alike, and 0 if it uses only one.'
    return joined([note(words), curves]) if curves else Html()


def _latency(report: Report) -> Html:
    if report.latency is None:
        return Html()
    return sortable(report.latency, latency.NOTE)


def _published(report: Report) -> Html:
    if report.published is None:
        return Html()
    table, words = report.published
    return joined([sortable(table, 'Numbers of others, from the config.'), note(words)])
