"""Repeat a comparison for several values of one field of the config: tables and a figure.

python -m experiments.sweep --config=configs/NAME.py

config.sweep names the field and its values:

    {'field': 'data.correlation', 'values': (0.5, 0.9), 'quantities': ('mse',),
     'reference': 'hard', 'average': False}

A quantity is 'TASK METRIC', or just 'METRIC' for the mean over the tasks that have this metric. The
table shows the differences to the method 'reference'. With 'average', the tables get a last column
with the mean over the values. The other flags are the flags of experiments.compare. The program
writes every run to the folder as soon as it is done. If you start it again, it trains only the
missing runs.
"""

import json

from absl import flags

from experiments import build, program
from experiments.compare.comparison import Comparison
from experiments.compare.plan import define_flags, read_plan
from experiments.compare.records import chosen
from experiments.compare.runs import Runs
from experiments.report import write_page
from experiments.show import show
from experiments.sweep import report
from experiments.sweep.page import page_of
from experiments.sweep.points import points, read_sweep
from mtljax.files import write_bytes

program.define_config()
_WORKDIR = program.define_workdir()
define_flags()


def main() -> None:
    """Run the program."""
    flag = flags.FLAGS['config']
    config, name = program.config_of(flag), program.run_name(flag)
    workdir = program.folder_of(_WORKDIR.value, f'sweep-{name}')
    program.keep_options(workdir, config)
    plan, sweep, dataset = read_plan(config), read_sweep(config), build.datasets()
    runs = Runs(workdir / 'runs', dataset)
    comparisons = {
        label: Comparison(changed, plan, runs, dataset)
        for label, changed in points(config, sweep).items()
    }
    tasks = next(iter(comparisons.values())).tasks
    report.check(sweep, tasks)
    for comparison in comparisons.values():
        comparison.check()
    program.claim_comparison(workdir, config)
    there = sum(comparison.recover() for comparison in comparisons.values())
    if there:
        total = sum(comparison.size for comparison in comparisons.values())
        program.console.print(f'{there} of {total} runs are there already.')
    best = {label: chosen(each.train(label)) for label, each in comparisons.items()}
    summary = report.report(best, sweep, tasks)
    for title, table, caption in summary.tables:
        show(table, title, caption)
    for file, content in report.files(summary, name).items():
        write_bytes(workdir / file, content)
        program.console.print(str(workdir / file), markup=False)
    fields = json.loads(config.to_json(sort_keys=True))
    path = workdir / 'report.html'
    write_page(path, page_of(summary, best, sweep, fields, name, workdir))
    program.console.print(str(path), markup=False)


if __name__ == '__main__':
    program.run(main, default=['--config=configs/mmoe_synthetic.py'])
