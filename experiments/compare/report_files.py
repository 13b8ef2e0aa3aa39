"""The files of a comparison."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from experiments import program
from experiments.compare import latency
from experiments.compare.records import histories
from experiments.compare.report import PAIRED, Report
from experiments.compare.run import Run
from mtljax import analysis
from mtljax.base import Metric, Task
from mtljax.files import png_of, write_bytes, write_text

_KEPT = ('method', 'variant', 'seed', 'best_step', 'steps', 'parameters', 'seconds', 'together')


def write(
    report: Report,
    best: Sequence[Run],
    runs: Sequence[Run],
    tasks: Mapping[str, Task],
    title: str,
    workdir: Path,
) -> list[Path]:
    """Write the tables and figures, and remove the heat maps of an earlier comparison.

    Args:
      report: The tables.
      best: The runs of the variants that validation chose.
      runs: All runs.
      tasks: The tasks of the data set.
      title: The title of the figures.
      workdir: The folder of the files.

    Returns:
      The paths of the files.
    """
    plain = [{k: v for k, v in run._asdict().items() if k != 'history'} for run in best]
    results = {'summary': report.summary, 'runs': plain, 'notes': report.notes}
    results['found'] = report.found
    texts = {
        'table.md': _markdown(report),
        'results.csv': _csv(best, runs),
        'results.json': program.to_json(json.loads(json.dumps(results))),
    }
    figures = _figures(report, best, tasks, title)
    for name, text in texts.items():
        write_text(workdir / name, text)
    for name, figure in figures.items():
        write_bytes(workdir / f'{name}.png', png_of(figure))
    for old in workdir.glob('mixing-*.png'):
        if old.stem not in figures:
            old.unlink()
    return [workdir / name for name in (*texts, *(f'{name}.png' for name in figures))]


def _markdown(report: Report) -> str:
    parts = [f'# {report.title}', *report.found, report.main.markdown(), *report.notes]
    parts += [report.paired.markdown(), PAIRED]
    if report.latency is not None:
        parts += [report.latency.markdown(), latency.NOTE]
    if report.published is not None:
        parts += [report.published[0].markdown(), report.published[1]]
    return '\n\n'.join(filter(None, parts)) + '\n'


def _csv(best: Sequence[Run], runs: Sequence[Run]) -> str:
    """One line per metric of every run. Only chosen variants have test results."""
    used = {(run.method, run.variant, run.task, run.seed) for run in best}
    text = io.StringIO()
    columns = [*_KEPT, 'devices', 'code', 'error', 'chosen', 'task', 'metric', 'validation', 'test']
    lines = csv.DictWriter(text, columns, lineterminator='\n')
    lines.writeheader()
    for run in runs:
        row = {name: getattr(run, name) for name in (*_KEPT, 'code', 'error')}
        chosen = (run.method, run.variant, run.task, run.seed) in used
        row |= {'devices': ' '.join(run.devices), 'chosen': chosen}
        for task, metrics in run.validation.items():
            for metric, value in metrics.items():
                test = run.test[task][metric] if chosen else ''
                row |= {'task': task, 'metric': metric, 'validation': value, 'test': test}
                lines.writerow(row)
    return text.getvalue()


def _figures(
    report: Report, runs: Sequence[Run], tasks: Mapping[str, Task], title: str
) -> dict[str, Figure]:
    panels = {
        f'{task} {name}': f'{task} {name}{_hint(metric)}'
        for task, row in tasks.items()
        for name, metric in row.metrics.items()
    }
    panels['delta_m_flat'] = 'delta_m_flat %\n(less is better)'
    methods = report.methods
    summary = {method: report.summary[method] for method in methods}
    figures = {'metrics': analysis.intervals(summary, panels, title)}
    main = {task: next(iter(row.metrics.items())) for task, row in tasks.items() if row.metrics}
    better = {f'{task} {name}': m.higher_is_better for task, (name, m) in main.items()}
    if len(better) > 1:
        figures['fronts'] = analysis.fronts(summary, list(better), better, title)
    logged = {
        f'validation/{task}/{name}': f'{task} {name}{_hint(metric)}'
        for task, (name, metric) in main.items()
    }
    if logged:
        heading = f'{title}: validation'
        logs = histories(runs)
        ordered = {method: logs[method] for method in methods}
        figures['curves'] = analysis.learning_curves(ordered, logged, heading)
    return figures | _heat_maps(runs, tasks)


def _hint(metric: Metric) -> str:
    return '' if metric.higher_is_better else '\n(less is better)'


def _heat_maps(runs: Sequence[Run], tasks: Mapping[str, Task]) -> dict[str, Any]:
    """One heat map per method, from the first seed whose training did not fail."""
    figures: dict[str, Figure] = {}
    for run in runs:
        name = f'mixing-{"-".join(run.method.replace("+", " ").split())}'
        if run.mixing and name not in figures:
            caption = f'{run.method}, seed {run.seed}'
            figures[name] = analysis.heat_maps(run.mixing, list(tasks), caption)
    return figures
