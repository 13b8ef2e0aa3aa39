"""The initial state of a training."""

from experiments import build
from experiments.program import UsageError
from mtljax import training
from mtljax.base import TrainState


def fresh_state(built: build.Setup, seed: int) -> TrainState:
    """Return the state that training starts from.

    Raises:
      UsageError: Model, tasks and options do not fit together.
    """
    try:
        return training.initial_state(*built, seed=seed)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error
