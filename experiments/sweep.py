"""Repeat a comparison for several values of one field of the config: tables, and a figure.

python -m experiments.sweep --config=configs/NAME.py

config.sweep says which: {'field': 'data.correlation', 'values': (0.5, 0.9), 'quantities': ('mse',),
'reference': 'hard', 'average': False}. A quantity is 'TASK METRIC', or a METRIC alone for its mean
over the tasks that have it. With 'average', a last column is the mean over the values. The other
flags are those of experiments.compare; runs are kept, and missing ones trained, in the same way.
"""

from pathlib import Path

from absl import flags

from experiments import _plan, _program, _sweep_report
from experiments._comparison import Comparison, claim, datasets
from experiments._runs import Runs, chosen
from experiments._show import show
from experiments._sweep import points, read
from mtljax.training import write_bytes

_CONFIG = _program.define_config()
_WORKDIR = _program.define_workdir()
_plan.define()


def main() -> None:
    """Run the program."""
    config, name = _CONFIG.value, _program.run_name(flags.FLAGS['config'])
    workdir = Path(_WORKDIR.value or Path('runs') / f'sweep-{name}')
    plan, sweep, dataset = _plan.read(config), read(config), datasets()
    runs = Runs(workdir / 'runs', dataset)
    comparisons = {
        label: Comparison(changed, plan, runs, dataset)
        for label, changed in points(config, sweep).items()
    }
    tasks = next(iter(comparisons.values())).tasks
    _sweep_report.check(sweep, tasks)
    there = sum(comparison.check() for comparison in comparisons.values())
    claim(workdir, config)
    if there:
        total = sum(comparison.size for comparison in comparisons.values())
        _program.console.print(f'{there} of {total} runs are there already.')
    best = {label: chosen(each.train(label)) for label, each in comparisons.items()}
    found = _sweep_report.report(best, sweep, tasks)
    for title, table, caption in found.tables:
        show(table, title, caption)
    for file, content in _sweep_report.files(found, name).items():
        write_bytes(workdir / file, content)
        _program.console.print(str(workdir / file), markup=False)


if __name__ == '__main__':
    _program.run(main, default=['--config=configs/mmoe_synthetic.py'])
