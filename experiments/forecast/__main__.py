"""Forecast a series with a short history, with the help of a series with a long history.

python -m experiments.forecast --config=configs/taxi.py:nyc --config.data.path=FILE.csv

config.methods names the methods. Each method sets fields of the config and has choices for others.
An origin is the day at which a forecast starts. The program trains every combination of the choices
at the origins of config.forecast.choice. The combination with the lowest mean WAPE is evaluated
once at the later origins of config.forecast.judged. WAPE is the sum of the absolute errors in
percent of the sum of the absolute values.

If Prophet is installed (pip install prophet), it is compared too. It reads the short series only,
once without and once with holidays.

Without flags, the program generates two series.
"""

import time
from collections.abc import Callable

from absl import flags
from ml_collections import ConfigDict
from rich.progress import Progress

from experiments import build, program
from experiments.forecast import report
from experiments.forecast.choice import Outcome, Plan, choose, read_plan
from experiments.forecast.figure import History, figure
from experiments.forecast.methods import methods
from experiments.forecast.windows import window
from experiments.show import show
from mtljax.base import Dataset
from mtljax.files import write_bytes

program.define_config()
_WORKDIR = program.define_workdir()


def main() -> None:
    """Run the program."""
    start, flag = time.time(), flags.FLAGS['config']
    config, name = program.config_of(flag), program.run_name(flag)
    workdir = program.folder_of(_WORKDIR.value, f'forecast-{name}')
    dataset = build.datasets()
    plan = read_plan(config, dataset)
    program.claim_comparison(workdir, config)
    outcomes = _outcomes(config, plan, dataset)
    references = [config.forecast.reference, *(name for name in outcomes if 'prophet' in name)]
    others = [name for name in outcomes if name not in references]
    best = min(others, key=lambda name: outcomes[name].choice)
    tables = report.tables(outcomes, plan, references)
    words = [
        report.verdict(outcomes, plan, best, references),
        report.note(plan, config.forecast.task, time.time() - start),
    ]
    for title, table in tables.items():
        show(table, title)
    program.console.print(*words, sep='\n', markup=False, highlight=False)
    files = report.files(tables, words, outcomes)
    files['forecast.png'] = figure(outcomes, plan, *_histories(config, dataset))
    for file, content in files.items():
        write_bytes(workdir / file, content)
        program.console.print(str(workdir / file), markup=False)


def _outcomes(config, plan: Plan, dataset: Callable[[ConfigDict], Dataset]) -> dict[str, Outcome]:
    outcomes, every = {}, methods(config, dataset)
    with Progress(console=program.console, transient=True) as bar:
        line = bar.add_task('', total=sum(map(len, every.values())))
        for name, settings in every.items():
            bar.update(line, description=name)
            outcomes[name] = choose(settings, plan, lambda: bar.advance(line))
    return outcomes


def _histories(config: ConfigDict, dataset: Callable[[ConfigDict], Dataset]):
    """Return the known days of the helper series, and all days of the series that is forecast."""
    task = config.forecast.task
    other = next(name for name in config.data.targets if name != task)
    helper = window(dataset(config.data), other, config.data.origin)
    whole = config.data.copy_and_resolve_references()
    whole.last = ConfigDict(dict.fromkeys(config.data.last, config.data.last[other]))
    hidden = window(dataset(whole), task, config.data.origin)
    return (
        History(other, helper.known, helper.history),
        History(task, hidden.known, hidden.history),
    )


if __name__ == '__main__':
    program.run(main, default=['--config=configs/taxi.py'])
