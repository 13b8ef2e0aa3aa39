"""Compare methods over seeds with the single-task baseline: a table, and a figure.

python -m experiments.compare --config=configs/NAME.py --surgery=sum,pcgrad --seeds=3

Every combination of --sharing, --weighting and --surgery runs; a list left out is the config's own.
Names are those of mtljax.sharing, mtljax.weighting and mtljax.surgery. Without flags: hard sharing
with and without PCGrad on handwritten digits. One evaluation is chosen for all tasks of a run, the
single-task baseline included.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from absl import flags
from ml_collections import ConfigDict
from rich.table import Table

from experiments import _build, _program
from mtljax import analysis, trees
from mtljax.analysis import Record
from mtljax.training import write_text

_CONFIG = _program.define_config()
_WORKDIR = _program.define_workdir()
_SHARING = flags.DEFINE_list('sharing', None, 'Sharing schemes, separated by commas.')
_WEIGHTING = flags.DEFINE_list('weighting', None, 'Loss weightings, separated by commas.')
_SURGERY = flags.DEFINE_list('surgery', None, 'Surgeries, separated by commas.')
_SEEDS = flags.DEFINE_integer('seeds', 3, 'Runs per combination.', lower_bound=1)

_BASELINE = 'single-task'
_QUIET = {'sharing': (), 'weighting': ('equal',), 'surgery': ('sum',)}


class Cell(NamedTuple):
    """One combination."""

    name: str
    config: ConfigDict


def main() -> None:
    """Run the program."""
    config, name = _CONFIG.value, _program.run_name(flags.FLAGS['config'])
    cells = list({cell.name: cell for cell in _cells(config)}.values())
    workdir = Path(_WORKDIR.value or Path('runs') / f'compare-{name}')
    _program.claim(workdir, _question(config, cells))
    built = {cell.name: _build.setup(cell.config) for cell in cells}
    records = [
        _record(cell, built[cell.name], config.seed + index)
        for cell in cells
        for index in range(_SEEDS.value)
    ]
    tasks = built[_BASELINE].dataset.tasks
    found = analysis.summary(records, _BASELINE, tasks)
    table = analysis.as_table(found, _BASELINE)
    caption = (
        f'{_SEEDS.value} seeds, mean ± standard error on test; delta_m against {_BASELINE}: '
        'negative is better'
    )
    _program.console.print(_shown(table, name, caption))
    panels = {
        f'{task} {metric}': f'{task} {metric}' for task in tasks for metric in tasks[task].metrics
    }
    panels['delta_m_flat'] = 'delta_m_flat %, negative is better'
    title = f'{name}: mean and standard error over {_SEEDS.value} seeds'
    figure = analysis.intervals(found, panels, title)
    write_text(workdir / 'table.md', f'{table.markdown()}\n\n{name}: {caption}.\n')
    runs = [record._asdict() for record in records]
    write_text(workdir / 'results.json', _program.to_json({'summary': found, 'runs': runs}))
    figure.savefig(workdir / 'figure.png', dpi=150)
    for file in ('table.md', 'results.json', 'figure.png'):
        _program.console.print(str(workdir / file))


def _cells(config: ConfigDict) -> Iterator[Cell]:
    """The single-task baseline, then every combination."""
    lists = {'sharing': _SHARING.value, 'weighting': _WEIGHTING.value, 'surgery': _SURGERY.value}
    yield _cell(
        config, {'sharing': 'independent', 'weighting': 'equal', 'surgery': 'sum'}, _BASELINE
    )
    own = {field: _short(config[field].fn) for field in lists}
    values = [names or [own[field]] for field, names in lists.items()]
    for choice in itertools.product(*values):
        chosen = dict(zip(lists, choice, strict=True))
        different = [name for field, name in chosen.items() if name not in _QUIET[field]]
        yield _cell(config, chosen, ' + '.join(different))


def _short(name: str) -> str:
    return name.rsplit(':', 1)[-1]


def _cell(config: ConfigDict, chosen: dict[str, str], name: str) -> Cell:
    """The config with other factories; one that it names already keeps its keywords."""
    changed = config.copy_and_resolve_references()
    for field, factory in chosen.items():
        if factory != _short(config[field].fn):
            changed[field] = ConfigDict({'fn': f'mtljax.{field}:{factory}'})
    return Cell(name, changed)


def _question(config: ConfigDict, cells: list[Cell]) -> ConfigDict:
    """What a folder of results answers."""
    return ConfigDict(
        {'config': config, 'seeds': _SEEDS.value, 'cells': [cell.name for cell in cells]}
    )


def _record(cell: Cell, built: _build.Setup, seed: int) -> Record:
    result = _build.train(built, seed=seed, progress=f'{cell.name}, seed {seed}')
    parameters = trees.count(result.state.params)
    return Record(cell.name, seed, result.test, parameters, result.steps_per_second)


def _shown(table: analysis.Table, title: str, caption: str) -> Table:
    shown = Table(title=title, caption=caption)
    for index, column in enumerate(table.columns):
        shown.add_column(column, justify='right' if index else 'left')
    for row in table.rows:
        shown.add_row(*row)
    return shown


if __name__ == '__main__':
    _program.run(main, default=['--config=configs/digits.py', '--surgery=sum,pcgrad'])
