"""Train one config: print a table, and write logs, checkpoints and curves to a folder.

python -m experiments.train --config=configs/NAME.py[:variant] --config.field=value --workdir=DIR

If you start the program again with the same folder, it continues where it stopped. The column
``constant`` has the test results of the best constant prediction, such as the mean of the training
labels, or the frequencies of their classes.
"""

from typing import Any

import jax
from absl import flags
from rich.table import Table

import mtljax
from experiments import build, program
from experiments.undefined import why_nan
from mtljax import analysis, training
from mtljax.files import png_of, write_bytes, write_text
from mtljax.training import Result, Results

program.define_config()
_WORKDIR = program.define_workdir()
_PREFER = flags.DEFINE_enum(
    'prefer',
    None,
    ['time', 'memory'],
    "What the engine 'auto' saves. This replaces train.prefer in the config.",
)


def main() -> None:
    """Run the program."""
    flag = flags.FLAGS['config']
    config, name = program.config_of(flag), program.run_name(flag)
    if _PREFER.value:
        with config.unlocked():
            config.train.prefer = _PREFER.value
    workdir = program.folder_of(_WORKDIR.value, name)
    program.keep_options(workdir, config)
    built = build.setup(config)
    program.claim(workdir, config)
    chance = training.constant_baseline(built.model, built.dataset)
    result = build.train(built, seed=config.seed, workdir=workdir, progress=name)
    figure = analysis.curves(result.history, name)
    write_bytes(workdir / 'curves.png', png_of(figure))
    write_text(workdir / 'summary.json', program.to_json(_summary(result, chance)))
    program.console.print(_table(result, chance, _caption(built)))
    results = {'validation': result.validation, 'test': result.test}
    if why := why_nan(results, built.dataset):
        program.console.print(why, markup=False, highlight=False)
    for file in ('metrics.jsonl', 'summary.json', 'curves.png'):
        program.console.print(str(workdir / file))


def _summary(result: Result, chance: Results) -> dict[str, Any]:
    return {
        'best_step': result.best_step,
        'validation': result.validation,
        'test': result.test,
        'test_of_constant': chance,
        'parameters': analysis.count(result.state.params, result.state.state),
        'steps_per_second': result.steps_per_second,
        'devices': [device.device_kind for device in jax.devices()],
        'versions': {'mtljax': mtljax.__version__, 'jax': jax.__version__},
    }


def _caption(built: build.Setup) -> str | None:
    compared = [name for name in built.model.tasks if built.dataset.tasks[name].over_rows]
    size = built.options.eval_batch_size
    return f'Loss of {", ".join(compared)}: in batches of {size} examples.' if compared else None


def _table(result: Result, chance: Results, caption: str | None) -> Table:
    table = Table(title=f'Best step {result.best_step}', caption=caption)
    for column in ('task', 'metric', 'validation', 'test', 'constant'):
        table.add_column(column, justify='left' if column in ('task', 'metric') else 'right')
    for task, row in result.test.items():
        for name, value in row.items():
            numbers = (result.validation[task][name], value, chance[task][name])
            table.add_row(task, name, *(f'{number:.4f}' for number in numbers))
    return table


if __name__ == '__main__':
    program.run(main, default=['--config=configs/digits.py'])
