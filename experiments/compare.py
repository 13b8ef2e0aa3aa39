"""Compare methods over seeds with the single-task baseline: tables, and figures.

python -m experiments.compare --config=configs/NAME.py --sharing=hard,mmoe --surgery=sum,pcgrad

Every combination of --sharing, --weighting and --surgery runs; a list left out is the config's own.
Names are those of mtljax.sharing, mtljax.weighting and mtljax.surgery. The baseline is one network
per task, trained apart, each with its own best step. --tune adds, for each sharing scheme, the best
of several constant weights; --rates lets every method choose its learning rate from one list. All
choices are made on validation, by the mean over seeds. Every run is kept in the folder as soon as
it is done: started again, also with other lists or more seeds, only missing runs are trained.
Without flags: hard sharing with and without PCGrad on handwritten digits.
"""

import functools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from absl import flags
from ml_collections import ConfigDict

from experiments import _build, _program, _report
from experiments._cells import Cell, cells
from experiments._report_files import write
from experiments._runs import Run, Runs, chosen
from mtljax.base import Dataset

_CONFIG = _program.define_config()
_WORKDIR = _program.define_workdir()
_SHARING = flags.DEFINE_list('sharing', None, 'Sharing schemes, separated by commas.')
_WEIGHTING = flags.DEFINE_list('weighting', None, 'Loss weightings, separated by commas.')
_SURGERY = flags.DEFINE_list('surgery', None, 'Surgeries, separated by commas.')
_SEEDS = flags.DEFINE_integer('seeds', 3, 'Runs per combination.', lower_bound=1)
_TUNE = flags.DEFINE_bool('tune', False, 'Add tuned constant weights for every sharing scheme.')
_RATES = flags.DEFINE_list('rates', [], 'Learning rates that every method chooses from.')


def main() -> None:
    """Run the program."""
    config, name = _CONFIG.value, _program.run_name(flags.FLAGS['config'])
    workdir = Path(_WORKDIR.value or Path('runs') / f'compare-{name}')
    _build.check_fields(config)
    dataset = _datasets()
    tasks = dataset(config.data).tasks
    lists = {'sharing': _SHARING.value, 'weighting': _WEIGHTING.value, 'surgery': _SURGERY.value}
    wanted = cells(config, lists, list(tasks), tune=_TUNE.value, rates=_rates())
    published = _report.published_table(config.get('published'))
    seeds = [config.seed + index for index in range(_SEEDS.value)]
    runs = Runs(workdir / 'runs', dataset)
    there = sum(runs.check(cell, seeds) for cell in wanted)  # what does not fit says so here
    _program.claim(workdir, _question(config))
    if there:
        _program.console.print(f'{there} of {len(wanted) * len(seeds)} runs are there already.')
    every = _train(runs, wanted, seeds)
    best = chosen(every)
    found = _report.report(best, tasks, published, _build.build(config.select.to_dict(), 'select'))
    _report.show(found, name)
    for path in write(found, best, every, tasks, name, workdir):
        _program.console.print(str(path), markup=False)


def _question(config: ConfigDict) -> ConfigDict:
    """What a folder belongs to: the runs in it say themselves what else they depend on."""
    whole = config.copy_and_resolve_references().to_dict()
    return ConfigDict({k: v for k, v in whole.items() if k not in ('methods', 'published')})


def _train(runs: Runs, wanted: list[Cell], seeds: list[int]) -> list[Run]:
    found = []
    for index, cell in enumerate(wanted, 1):
        words = ', '.join(filter(None, (cell.method, cell.task, cell.variant)))
        found += runs.train(cell, seeds, f'{words} ({index} of {len(wanted)})')
    return found


def _rates() -> list[float]:
    try:
        rates = list(dict.fromkeys(float(rate) for rate in _RATES.value))
    except ValueError as error:
        raise _program.UsageError(f'--rates should be numbers: {error}.') from error
    if not all(0 < rate < math.inf for rate in rates):
        raise _program.UsageError(f'--rates should be finite and > 0. Found {rates}.')
    return rates


def _datasets() -> Callable[[ConfigDict], Dataset]:
    """Data sets by their spec, each made once."""

    @functools.cache
    def made(spec: str) -> Dataset:
        return _build.build(json.loads(spec), 'data')

    def dataset(spec: Any) -> Dataset:
        return made(spec.to_json(sort_keys=True))

    return dataset


if __name__ == '__main__':
    _program.run(main, default=['--config=configs/digits.py', '--surgery=sum,pcgrad'])
