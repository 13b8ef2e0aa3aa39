"""Train one config: a table in the terminal, and logs, checkpoints and curves in a folder.

python -m experiments.train --config=configs/NAME.py[:variant] --config.field=value --workdir=DIR

Started again on the same folder, it goes on where it stopped.
"""

from pathlib import Path
from typing import Any

import jax
from absl import flags
from rich.table import Table

import mtljax
from experiments import _build, _program
from mtljax import analysis, trees
from mtljax.training import Result, write_text

_CONFIG = _program.define_config()
_WORKDIR = _program.define_workdir()


def main() -> None:
    """Run the program."""
    config, name = _CONFIG.value, _program.run_name(flags.FLAGS['config'])
    built = _build.setup(config)
    workdir = Path(_WORKDIR.value or Path('runs') / name)
    _program.claim(workdir, config)
    result = _build.train(built, seed=config.seed, workdir=workdir, progress=name)
    figure = analysis.curves(result.history, name)
    figure.savefig(workdir / 'curves.png', dpi=150)
    write_text(workdir / 'summary.json', _program.to_json(_summary(result)))
    _program.console.print(_table(result))
    for file in ('metrics.jsonl', 'summary.json', 'curves.png'):
        _program.console.print(str(workdir / file))


def _summary(result: Result) -> dict[str, Any]:
    return {
        'best_step': result.best_step,
        'validation': result.validation,
        'test': result.test,
        'parameters': trees.count(result.state.params),
        'steps_per_second': result.steps_per_second,
        'devices': [device.device_kind for device in jax.devices()],
        'versions': {'mtljax': mtljax.__version__, 'jax': jax.__version__},
    }


def _table(result: Result) -> Table:
    table = Table(title=f'Best step {result.best_step}')
    for column in ('task', 'metric', 'validation', 'test'):
        table.add_column(column, justify='left' if column in ('task', 'metric') else 'right')
    for task, row in result.test.items():
        for name, value in row.items():
            table.add_row(task, name, f'{result.validation[task][name]:.4f}', f'{value:.4f}')
    return table


if __name__ == '__main__':
    _program.run(main, default=['--config=configs/digits.py'])
