"""Move the trained parameters into a model of the new scheme."""

from typing import NamedTuple

import jax
from ml_collections import ConfigDict

from experiments import build
from experiments.convert.fresh import fresh_state
from experiments.convert.read import Source
from experiments.convert.request import Plan
from experiments.program import UsageError
from mtljax import training
from mtljax.base import TrainState
from mtljax.training import Results


class Moved(NamedTuple):
    """The new run at its first step.

    Attributes:
      config: The config of the new run.
      built: The model, the optimiser and the options of this config.
      state: The training state to start from.
      before: The validation results of the source.
      after: The validation results of the new run.
    """

    config: ConfigDict
    built: build.Setup
    state: TrainState
    before: Results
    after: Results


def move(plan: Plan, source: Source) -> Moved:
    """Move the parameters and the model state of the source; everything else starts anew.

    Raises:
      UsageError: The new config cannot be built, or the models do not fit together.
    """
    config = plan.new_config
    same_data = build.prepared_by(config) == build.prepared_by(plan.config)
    ready = source.ready if same_data else build.prepare(config)
    built = build.setup(config, ready)
    fresh = fresh_state(built, config.seed)
    trained = source.saved.params, source.saved.state
    key = jax.random.fold_in(jax.random.key(config.seed), 1)
    try:
        params, state = jax.jit(plan.move)(trained, (fresh.params, fresh.state), key)
    except ValueError as error:
        raise UsageError(f'The trained model does not fit the new one. {error}') from error
    start = training.restart(fresh, built.tx, params, state)
    before, after = _results(source.built, source.saved), _results(built, start)
    return Moved(config, built, start, before, after)


def _results(built: build.Setup, state: training.Saved | TrainState) -> Results:
    dataset = built.dataset
    return training.evaluate(built.model, dataset.tasks, state, dataset.validation)
