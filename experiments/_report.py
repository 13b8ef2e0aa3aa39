"""What a comparison prints and writes."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from experiments import _program
from experiments._cells import BASELINE
from experiments._runs import Run, histories, records
from experiments._show import show as shown
from mtljax import analysis
from mtljax.analysis import Table
from mtljax.base import Task
from mtljax.training import write_text

_WIDE = 12


class Report(NamedTuple):
    """The tables of a comparison.

    Attributes:
      summary: mean and standard error of every quantity.
      main: the summary as text.
      paired: differences to the first method that is not the baseline.
      published: figures of others; None where the config gives none.
      notes: what was run, and how.
    """

    summary: Mapping[str, Mapping[str, tuple[float, float]]]
    main: Table
    paired: Table | None
    published: Table | None
    notes: list[str]


def report(runs: Sequence[Run], tasks: Mapping[str, Task], published: Any) -> Report:
    """The tables of the chosen runs.

    Args:
      runs: of every method, the variant that validation chose.
      tasks: of the data set.
      published: ``{'note': ..., 'rows': {method: {'task metric': value}}}`` or None.
    """
    own = records(runs)
    summary = analysis.summary(own, BASELINE, tasks)
    methods = [name for name in summary if name != BASELINE]
    names = {name: list(task.metrics) for name, task in tasks.items()}
    paired = None
    if len(methods) > 1:
        differences = analysis.paired(own, methods[0], names)
        differences.pop(BASELINE, None)
        paired = analysis.paired_table(differences, methods[0])
    main = analysis.as_table(summary, BASELINE)
    return Report(summary, main, paired, _published(published), _notes(runs))


def _published(published: Any) -> Table | None:
    if not published:
        return None
    rows = published['rows']
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    cells = [
        [name, *(f'{row[c]:.4f}' if c in row else '-' for c in columns)]
        for name, row in rows.items()
    ]
    return Table(['published', *columns], cells)


def _notes(runs: Sequence[Run]) -> list[str]:
    seeds = sorted({run.seed for run in runs})
    steps = sorted({run.steps for run in runs if run.steps})
    notes = [
        f'Mean ± standard error over {len(seeds)} seeds ({", ".join(map(str, seeds))}) on the test '
        f'split, which nothing was chosen on. {BASELINE}: one network per task, trained apart. ',
        f'Steps: {" to ".join(map(str, sorted({steps[0], steps[-1]})))}. ' if steps else '',
        f'Devices: {", ".join(sorted({device for run in runs for device in run.devices}))}. '
        f'Code: {"; ".join(sorted({run.code for run in runs}))}.',
    ]
    notes = [''.join(notes)]
    choices = {(r.method, r.task, r.variant): None for r in runs if r.variant}
    if choices:
        listed = [f'{m}{f" {task}" if task else ""}: {variant}' for m, task, variant in choices]
        notes.append(f'Chosen on validation: {"; ".join(listed)}.')
    notes += [f'{r.method}, seed {r.seed}, did not end: {r.error}' for r in runs if r.error]
    return notes


def show(found: Report, title: str) -> None:
    """Print the tables; of many metrics, the columns that sum them up."""
    main = found.main
    if len(main.columns) > _WIDE:
        kept = [0, *range(len(main.columns) - 5, len(main.columns))]
        main = Table([main.columns[i] for i in kept], [[r[i] for i in kept] for r in main.rows])
    shown(main, title, '\n'.join(found.notes))
    if found.paired is not None and len(found.paired.columns) <= _WIDE:
        shown(found.paired, 'Paired differences', _PAIRED)
    if found.published is not None:
        shown(found.published, 'Published', '')


_PAIRED = 'Mean over seeds ± half the 95 % interval (Student); * leaves out 0.'


def write(
    found: Report,
    runs: Sequence[Run],
    tasks: Mapping[str, Task],
    title: str,
    workdir: Path,
    published: Any,
) -> list[Path]:
    """Write the tables and figures; their paths."""
    parts = [found.main.markdown(), *found.notes]
    if found.paired is not None:
        parts += [found.paired.markdown(), _PAIRED]
    if found.published is not None:
        parts += [found.published.markdown(), str(published.get('note', ''))]
    write_text(workdir / 'table.md', '\n\n'.join([f'# {title}', *filter(None, parts)]) + '\n')
    write_text(workdir / 'results.csv', _csv(runs))
    plain = [{k: v for k, v in run._asdict().items() if k != 'history'} for run in runs]
    summary = {'summary': found.summary, 'runs': plain, 'notes': found.notes}
    write_text(workdir / 'results.json', _program.to_json(json.loads(json.dumps(summary))))
    files = [workdir / name for name in ('table.md', 'results.csv', 'results.json')]
    for name, figure in _figures(found, runs, tasks, title).items():
        files.append(workdir / f'{name}.png')
        figure.savefig(files[-1], dpi=150)
    return files


def _csv(runs: Sequence[Run]) -> str:
    """One line per metric of every run."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator='\n')
    lines.writerow(
        [
            'method',
            'variant',
            'seed',
            'task',
            'metric',
            'validation',
            'test',
            'best_step',
            'parameters',
            'seconds',
        ]
    )
    for run in runs:
        for task, row in run.test.items():
            for metric, value in row.items():
                lines.writerow(
                    [
                        run.method,
                        run.variant,
                        run.seed,
                        task,
                        metric,
                        run.validation[task][metric],
                        value,
                        run.best_step,
                        run.parameters,
                        round(run.seconds, 3),
                    ]
                )
    return text.getvalue()


def _figures(
    found: Report, runs: Sequence[Run], tasks: Mapping[str, Task], title: str
) -> dict[str, Any]:
    panels = {
        f'{task} {name}': f'{task} {name}{"" if metric.higher_is_better else ", less is better"}'
        for task, row in tasks.items()
        for name, metric in row.metrics.items()
    }
    panels['delta_m_flat'] = 'delta_m_flat %, negative is better'
    figures = {'metrics': analysis.intervals(found.summary, panels, title)}
    main = {task: next(iter(row.metrics.items())) for task, row in tasks.items() if row.metrics}
    better = {f'{task} {name}': m.higher_is_better for task, (name, m) in main.items()}
    if len(better) > 1:
        figures['fronts'] = analysis.fronts(found.summary, list(better), better, title)
    logged = {f'validation/{task}/{name}': f'{task} {name}' for task, (name, _) in main.items()}
    figures['curves'] = analysis.learning_curves(histories(runs), logged, f'{title}: validation')
    for run in runs:
        if run.mixing and run.seed == runs[0].seed:
            name = f'mixing-{run.method.replace(" + ", "-").replace(" ", "-")}'
            caption = f'{run.method}, seed {run.seed}'
            figures[name] = analysis.heat_maps(run.mixing, list(tasks), caption)
    return figures
