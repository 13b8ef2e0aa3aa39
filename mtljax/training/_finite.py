"""Checks that losses and parameters are finite."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.base import Params
from mtljax.training._evaluate import Results


class NonFiniteLossError(FloatingPointError):
    """The error of a run in which a loss became NaN or infinite.

    If the run has a ``workdir``, its last checkpoint before the error stays.
    """


def check_losses(losses: dict[str, np.ndarray], start: int) -> None:
    """Raise a NonFiniteLossError for the first loss of a chunk that is not finite."""
    bad = {task: np.flatnonzero(~np.isfinite(values)) for task, values in losses.items()}
    steps = {task: int(indices[0]) for task, indices in bad.items() if len(indices)}
    if steps:
        task = min(steps, key=lambda name: steps[name])
        raise NonFiniteLossError(
            f'The loss of task {task!r} is {losses[task][steps[task]]} at step '
            f'{start + steps[task] + 1}. The last good checkpoint is kept. Check the data, '
            'lower the learning rate, or clip the gradients after the surgery.'
        )


def check_params(params: Params, results: Results, step: int) -> None:
    """Check the parameters after the last update, because no step has computed their loss yet."""
    if not all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(params)):
        tasks = [task for task, row in results.items() if not math.isfinite(row['loss'])]
        raise NonFiniteLossError(
            f'After the update of step {step}, the parameters and the validation losses of the '
            f'tasks {tasks} are not finite. The last good checkpoint is kept.'
        )
