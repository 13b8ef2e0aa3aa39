"""Checks that losses and parameters are finite."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.base import Params
from mtljax.training._evaluate import Results


class NonFiniteLossError(FloatingPointError):
    """A loss became NaN or infinite. The last good checkpoint stays on disk."""


def check_losses(losses: dict[str, np.ndarray], start: int) -> None:
    """Raise a NonFiniteLossError for the first loss of a chunk that is not finite."""
    bad = {task: np.flatnonzero(~np.isfinite(values)) for task, values in losses.items()}
    steps = {task: int(indices[0]) for task, indices in bad.items() if len(indices)}
    if steps:
        task = min(steps, key=lambda name: steps[name])
        raise NonFiniteLossError(
            f'The loss of task {task!r} is {losses[task][steps[task]]} at step '
            f'{start + steps[task] + 1}. The last good checkpoint is kept; a lower learning rate, '
            'clipping behind the surgery or a look at the data may help.'
        )


def check_params(params: Params, results: Results, step: int) -> None:
    """Check the parameters after the last update, because no step has computed their loss yet."""
    if not all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(params)):
        tasks = [task for task, row in results.items() if not math.isfinite(row['loss'])]
        raise NonFiniteLossError(
            f'The update of step {step} made the parameters not finite, and with them the '
            f'validation loss of the tasks {tasks}. The last good checkpoint is kept.'
        )
