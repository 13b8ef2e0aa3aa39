"""A whole comparison: train, print the tables, write the files, keep the best row."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from ml_collections import ConfigDict

from experiments import build, program
from experiments.compare import report
from experiments.compare.best import Part, write_best
from experiments.compare.comparison import Comparison
from experiments.compare.latency import latency
from experiments.compare.lift import label_counts
from experiments.compare.methods import BASELINE
from experiments.compare.next_steps import next_steps
from experiments.compare.page import page_of
from experiments.compare.plan import Plan
from experiments.compare.records import Row, chosen
from experiments.compare.report_files import write
from experiments.compare.run import Run
from experiments.compare.runs import Runs
from experiments.compare.verdict import shared_row
from experiments.report import write_page
from experiments.undefined import why_nan
from mtljax.analysis import Table
from mtljax.base import Dataset

_ALL_ROWS = (
    'The first command answers all rows of the table, also those of training: the metrics that it '
    'prints are no test results.'
)


def run_comparison(config: ConfigDict, plan: Plan, title: str, workdir: Path) -> None:
    """Train what is missing in the folder, print and write the results, and keep the best row.

    Args:
      config: The common part of all configs.
      plan: The methods and seeds to compare.
      title: The title of the tables.
      workdir: The folder of runs, tables and figures.

    Raises:
      UsageError: The methods cannot be compared, or the folder belongs to another config.
    """
    program.keep_options(workdir, config)
    dataset = build.datasets()
    runs = Runs(workdir / 'runs', dataset, keep=True)
    comparison = Comparison(config, plan, runs, dataset)
    published = report.published_table(config.get('published'))
    comparison.check()  # every error that can be known before training is raised here
    program.claim_comparison(workdir, config)
    there = comparison.recover()
    if there:
        program.console.print(f'{there} of {comparison.size} runs are there already.')
    every = comparison.train()
    best = chosen(every)
    select = build.build(config.select.to_dict(), 'select')
    labels = label_counts(comparison.dataset.train)
    summary = report.report(best, comparison.tasks, published, select, labels)
    summary.notes.extend(_undefined(best, comparison.dataset))
    summary = summary._replace(title=_heading(title, config, comparison.tasks))
    parts = comparison.parts(best)
    if plan.latency:
        summary = summary._replace(latency=_latency(summary, parts, runs))
    report.show(summary)
    for path in write(summary, best, every, comparison.tasks, title, workdir):
        _say(str(path))
    following = _keep_best(summary.rows[0], parts, runs, workdir)
    fields = json.loads(config.to_json(sort_keys=True))
    page = page_of(summary, best, comparison.tasks, fields, workdir, following.commands)
    write_page(workdir / 'report.html', page)
    _say(str(workdir / 'report.html'))
    _say(following.title)
    for command in following.commands:
        _say(f'  {command}')
    if following.note:
        _say(following.note)


class _Following(NamedTuple):
    """How to go on: a title, commands, and a note."""

    title: str
    commands: list[str]
    note: str = ''


def _heading(title: str, config: ConfigDict, tasks: Collection[str]) -> str:
    """Return the title of the tables; for a table of the user, its file and its targets."""
    path, targets = config.data.get('path'), config.data.get('targets')
    return f'{title}: {", ".join(tasks)} of {Path(path).name}' if path and targets else title


def _undefined(best: Sequence[Run], dataset: Dataset) -> list[str]:
    """Return why a result is NaN in runs that did not fail; nothing if none is."""
    rows = {task: row for run in best if not run.error for task, row in run.test.items()}
    return [*filter(None, [why_nan({'test': rows}, dataset)])]


def _latency(summary: report.Report, parts: Sequence[Part], runs: Runs) -> Table:
    """Measure the best shared model, and one model per task."""
    methods = (shared_row(summary.rows).method, BASELINE)
    cells = {method: {r.task: c for c, r in parts if r.method == method} for method in methods}
    return latency(
        {method: [runs.setup(cell) for cell in each.values()] for method, each in cells.items()}
    )


def _keep_best(row: Row, parts: Sequence[Part], runs: Runs, workdir: Path) -> _Following:
    """Write the folders of the best row, and return how to go on with its best seed."""
    if not row.scores:
        runs.drop()
        return _Following('No method was trained to its end: no model is kept.', [])
    seeds: dict[int, list[Part]] = {seed: [] for seed in row.scores}
    for cell, run in parts:
        if run.method == row.method and run.seed in seeds:
            seeds[run.seed].append((cell, run))
    folders = write_best(workdir / 'best', runs, seeds)
    runs.drop()
    cell, _ = seeds[row.best_seed][0]
    dataset = runs.setup(cell._replace(task=None)).dataset
    is_table = dataset.schema and cell.config.data.get('path')
    return _Following(
        f'\nBest on validation: {row.method}, seed {row.best_seed}. Next:',
        next_steps(workdir, folders[row.best_seed], cell.config, dataset),
        _ALL_ROWS if is_table else '',
    )


def _say(text: str) -> None:
    program.console.print(text, markup=False, highlight=False)
