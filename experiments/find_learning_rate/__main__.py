"""Find a learning rate for a config: a short training in which the rate grows.

python -m experiments.find_learning_rate --config=configs/NAME.py[:variant] --config.field=value

The rate grows from --lowest to --highest in --count steps. The program prints the curve and the
rate where the loss falls fastest, and writes nothing. Only the training split is used. The
optimiser of the config needs the option ``learning_rate``; its value and its schedule do not
matter. If the optimiser is an ``optax:chain``, one of its parts needs the option.
"""

import math

import numpy as np
from absl import flags

from experiments import build, program
from experiments.find_learning_rate.optimiser import RATE, chain
from experiments.show import show
from mtljax.analysis import Table
from mtljax.training import RateCurve

program.define_config()
_LOWEST = flags.DEFINE_float('lowest', 1e-6, 'The learning rate of the first step.')
_HIGHEST = flags.DEFINE_float('highest', 1.0, 'The learning rate of the last step.')
_COUNT = flags.DEFINE_integer('count', 100, 'The number of steps.', lower_bound=10)
_ROWS = 12


def main() -> None:
    """Run the program."""
    config = program.config_of(flags.FLAGS['config'])
    built = build.setup(config)
    curve = build.find_learning_rate(
        built,
        lambda rate: chain(config.to_dict(), rate),
        lowest=_LOWEST.value,
        highest=_HIGHEST.value,
        count=_COUNT.value,
        seed=config.seed,
    )
    show(_table(curve), 'Loss while the learning rate grows')
    said = f'Suggestion: {RATE} = {curve.suggestion:.2g}, where the loss falls fastest.'
    if math.isnan(curve.suggestion):
        said = 'The loss never falls. Choose other bounds, or more steps.'
    program.console.print(said, markup=False, highlight=False)


def _table(curve: RateCurve) -> Table:
    chosen = np.unique(np.linspace(0, len(curve.rates) - 1, _ROWS).astype(int))
    rows = [
        [f'{curve.rates[i]:.1e}', f'{curve.losses[i]:.4g}', f'{curve.smoothed[i]:.4g}']
        for i in chosen
    ]
    return Table([RATE.replace('_', ' '), 'loss', 'mean around'], rows)


if __name__ == '__main__':
    program.run(main, default=['--config=configs/digits.py'])
