"""A whole comparison: train, print the tables, write the files."""

from pathlib import Path

from ml_collections import ConfigDict

from experiments import build, program
from experiments.compare import report
from experiments.compare.comparison import Comparison
from experiments.compare.plan import Plan
from experiments.compare.records import chosen
from experiments.compare.report_files import write
from experiments.compare.runs import Runs


def run_comparison(config: ConfigDict, plan: Plan, title: str, workdir: Path) -> None:
    """Train what is missing in the folder, then print and write the results.

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
    comparison = Comparison(config, plan, Runs(workdir / 'runs', dataset), dataset)
    published = report.published_table(config.get('published'))
    comparison.check()  # every error that can be known before training is raised here
    program.claim_comparison(workdir, config)
    there = comparison.recover()
    if there:
        program.console.print(f'{there} of {comparison.size} runs are there already.')
    runs = comparison.train()
    best = chosen(runs)
    select = build.build(config.select.to_dict(), 'select')
    summary = report.report(best, comparison.tasks, published, select)
    report.show(summary, title)
    for path in write(summary, best, runs, comparison.tasks, title, workdir):
        program.console.print(str(path), markup=False)
