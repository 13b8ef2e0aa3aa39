"""Compare methods over seeds with the single-task baseline: tables, and figures.

python -m experiments.compare --config=configs/NAME.py --sharing=hard,mmoe --surgery=sum,pcgrad

Every combination of --sharing, --weighting and --surgery runs; with --nocrossed, each name alone. A
list left out is that of config.comparison, or the config's own method. Names are those of
mtljax.sharing, mtljax.weighting and mtljax.surgery, or of config.methods. The baseline is one
network per task, trained apart, each with its own best step. --tune adds, for each sharing scheme,
the best of several constant weights; --rates lets every method choose its learning rate from one
list. All choices are made on validation, by the mean over seeds. Every run is kept in the folder as
soon as it is done: started again, also with other lists or more seeds, only missing runs are
trained.
Without flags: hard sharing with and without PCGrad on handwritten digits.
"""

from pathlib import Path

from absl import flags

from experiments import build, program
from experiments.compare import plan, report
from experiments.compare.comparison import Comparison
from experiments.compare.report_files import write
from experiments.compare.runs import Runs, chosen

_CONFIG = program.define_config()
_WORKDIR = program.define_workdir()
plan.define()


def main() -> None:
    """Run the program."""
    config, name = _CONFIG.value, program.run_name(flags.FLAGS['config'])
    workdir = Path(_WORKDIR.value or Path('runs') / f'compare-{name}')
    dataset = build.datasets()
    runs = Runs(workdir / 'runs', dataset)
    comparison = Comparison(config, plan.read(config), runs, dataset)
    published = report.published_table(config.get('published'))
    there = comparison.check()  # what does not fit says so here
    program.claim_comparison(workdir, config)
    if there:
        program.console.print(f'{there} of {comparison.size} runs are there already.')
    every = comparison.train()
    best = chosen(every)
    select = build.build(config.select.to_dict(), 'select')
    found = report.report(best, comparison.tasks, published, select)
    report.show(found, name)
    for path in write(found, best, every, comparison.tasks, name, workdir):
        program.console.print(str(path), markup=False)


if __name__ == '__main__':
    program.run(main, default=['--config=configs/digits.py', '--surgery=sum,pcgrad'])
