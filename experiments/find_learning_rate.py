"""Find a learning rate for a config: a short training in which the rate grows.

python -m experiments.find_learning_rate --config=configs/NAME.py[:variant] --config.field=value

The rate grows from --lowest to --highest in --count steps. The program prints the curve and the
rate where the loss falls fastest, and writes nothing. Only the training split is used. The
optimiser of the config needs the option ``learning_rate``; its value and its schedule do not
matter. If the optimiser is an ``optax:chain``, one of its parts needs the option.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import optax
from absl import flags

from experiments import build, program
from experiments.program import UsageError
from experiments.show import show
from mtljax.analysis import Table
from mtljax.training import RateCurve

program.define_config()
_LOWEST = flags.DEFINE_float('lowest', 1e-6, 'The learning rate of the first step.')
_HIGHEST = flags.DEFINE_float('highest', 1.0, 'The learning rate of the last step.')
_COUNT = flags.DEFINE_integer('count', 100, 'The number of steps.', lower_bound=10)
_RATE, _ROWS = 'learning_rate', 12


def main() -> None:
    """Run the program."""
    config = program.config_of(flags.FLAGS['config'])
    built = build.setup(config)
    curve = build.find_learning_rate(
        built,
        lambda rate: _chain(config.to_dict(), rate),
        lowest=_LOWEST.value,
        highest=_HIGHEST.value,
        count=_COUNT.value,
        seed=config.seed,
    )
    show(_table(curve), 'Loss while the learning rate grows')
    said = f'Suggestion: {_RATE} = {curve.suggestion:.2g}, where the loss falls fastest.'
    if math.isnan(curve.suggestion):
        said = 'The loss never falls. Choose other bounds, or more steps.'
    program.console.print(said, markup=False, highlight=False)


def _chain(config: Mapping[str, Any], rate: Any) -> optax.GradientTransformation:
    """Return the optax chain of a config, with another learning rate."""
    changed = _with_rate(config['optimizer'], rate)
    if changed is None:
        raise UsageError(
            f'config.optimizer should have the option {_RATE}. Found {config["optimizer"]!r:.200}.'
        )
    surgery = build.shared_surgery(config['surgery'])
    return optax.chain(surgery, build.build(changed, 'optimizer'))


def _with_rate(spec: Any, rate: Any) -> Any:
    """Replace the learning rate in a spec. Return None if the spec has no learning rate."""
    if not isinstance(spec, Mapping):
        return None
    if _RATE in spec:
        return {**spec, _RATE: rate}
    parts = [*spec.get('args', ())]
    changed = [_with_rate(part, rate) for part in parts]
    if sum(part is not None for part in changed) != 1:
        return None
    args = [old if new is None else new for old, new in zip(parts, changed, strict=True)]
    return {**spec, 'args': args}


def _table(curve: RateCurve) -> Table:
    chosen = np.unique(np.linspace(0, len(curve.rates) - 1, _ROWS).astype(int))
    rows = [
        [f'{curve.rates[i]:.1e}', f'{curve.losses[i]:.4g}', f'{curve.smoothed[i]:.4g}']
        for i in chosen
    ]
    return Table([_RATE.replace('_', ' '), 'loss', 'mean around'], rows)


if __name__ == '__main__':
    program.run(main, default=['--config=configs/digits.py'])
