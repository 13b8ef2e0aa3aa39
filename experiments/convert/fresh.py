"""The state that a training of a config starts from."""

import jax

from experiments import build
from experiments.program import UsageError
from mtljax import training
from mtljax.base import TrainState

_STEP = ('weighting', 'engine', 'prefer', 'micro_batches', 'pooled', 'augment')


def fresh_state(built: build.Setup, seed: int) -> TrainState:
    """The state that training starts from.

    Raises:
      UsageError: Model, tasks and options do not fit together.
    """
    options = {name: built.options[name] for name in _STEP if name in built.options}
    axis = training.strategy_of(built.options.get('parallel', 'jit')).axis_name
    model, tasks = built.model, built.dataset.tasks
    try:
        step = training.train_step(model, tasks, built.tx, axis_name=axis, **options)
        return step.init(jax.random.key(seed), built.dataset.train.example)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error
