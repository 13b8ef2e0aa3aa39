"""Advise how to share: what to use for these tasks, how sure that is, and what it costs.

python -m experiments.advise --config=configs/NAME.py --budget=20m

The program trains each task alone, and hard sharing with a watch on the angles between the task
gradients. From these it proposes ways to share, trains the proposals, first with few seeds and then
the better half with more seeds, and answers in words, with the table behind it. If the budget is
small, all trainings are shorter. Validation alone decides; the test split is read once, for the
choice, the default and single tasks.

The default is hard sharing with equal weights and the plain sum. The answer is another method only
if it is better beyond noise. --max_parameters, --max_latency_ms, --primary and --tolerate restrict
the choice.

The program writes every run to the folder as soon as it is done. If you start it again, also with a
larger budget, it goes on.
"""

import json

from absl import flags

from experiments import build, program
from experiments.advise.advise import advise
from experiments.advise.answer import sentences
from experiments.advise.clock import Clock
from experiments.advise.costs import NOTE, costs, setups
from experiments.advise.files import chosen_config, write
from experiments.advise.page import page_of
from experiments.advise.proposals import default
from experiments.advise.request import define_flags, read_request
from experiments.advise.tables import TESTED, TRIED, tested, tried
from experiments.advise.tasks import check_tasks, notes_on
from experiments.compare.runs import Runs
from experiments.report import write_page
from experiments.show import show

program.define_config()
_WORKDIR = program.define_workdir()
define_flags()
_TITLES = {
    'tried': ('What was tried', TRIED),
    'tested': ('Results', TESTED),
    'costs': ('What it costs', NOTE),
}


def main() -> None:
    """Run the program."""
    flag = flags.FLAGS['config']
    config, name = program.config_of(flag), program.run_name(flag)
    workdir = program.folder_of(_WORKDIR.value, f'advise-{name}')
    program.keep_options(workdir, config)
    build.check_fields(config)
    made = build.datasets()
    dataset = made(config.data)
    check_tasks(dataset.tasks)
    request = read_request(dataset.tasks)
    runs = Runs(workdir / 'runs', made, keep=True)
    program.claim_comparison(workdir, config)
    runs.recover()
    clock = Clock(workdir / 'clock.json', request.budget)
    advice = advise(config, dataset.tasks, request, runs, clock, workdir)
    runs.drop()
    if advice is None:
        return
    told = [*sentences(advice), *notes_on(dataset)]
    tables = {
        'tried': tried(advice),
        'tested': tested(advice, dataset.tasks),
        'costs': costs(setups(advice, config, runs)),
    }
    fields = chosen_config(advice, config, default(config).config)
    commands = write(workdir, advice, told, tables, fields)
    own = json.loads(config.to_json(sort_keys=True))
    page = page_of(advice, name, told, tables, own, workdir, commands)
    write_page(workdir / 'report.html', page)
    for key, (title, caption) in _TITLES.items():
        show(tables[key], title, caption)
    paths = [str(workdir / file) for file in ('report.html', 'advice.md', 'choice.py')]
    for text in [*told, *paths, 'Next:', *(f'  {command}' for command in commands)]:
        program.console.print(text, markup=False, highlight=False)


if __name__ == '__main__':
    program.run(main, default=['--config=configs/digits.py'])
