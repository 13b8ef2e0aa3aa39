"""Early stopping of single tasks."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from mtljax.base import Array, Batch, Key, TrainState
from mtljax.training._average import Averaged
from mtljax.training._evaluate import Results
from mtljax.training._step import TrainStep


class Stoppable(NamedTuple):
    """The state of the optax chain, and beside it which tasks have stopped, booleans ``[T]``."""

    opt_state: Any
    stopped: Array


def with_stops(step: TrainStep, tasks: Sequence[str]) -> TrainStep:
    """Hide the labels of tasks that have stopped, so that the weights of their losses are 0.

    All methods know tasks without a label in a batch. No shape depends on the number of tasks that
    have stopped.

    Args:
      step: A training step.
      tasks: The tasks of the model.

    Returns:
      A training step, whose ``opt_state`` is a `Stoppable`.
    """

    def init(key: Key, batch: Batch) -> TrainState:
        start = step.init(key, batch)
        stopped = jnp.zeros(len(tasks), bool)
        return start._replace(opt_state=Stoppable(start.opt_state, stopped))

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, dict[str, Any]]:
        opt_state, stopped = state.opt_state
        mask = {
            name: jnp.where(stopped[tasks.index(name)], False, row) if name in tasks else row
            for name, row in batch.mask.items()
        }
        state = state._replace(opt_state=opt_state)
        end, info = step.update(state, batch._replace(mask=mask))
        return end._replace(opt_state=Stoppable(end.opt_state, stopped)), info

    return TrainStep(init, update)


def stopped_tasks(state: TrainState, tasks: Sequence[str]) -> list[str]:
    """Return the tasks that have stopped, in a state of one seed."""
    kept = _kept(state)
    if kept is None:
        return []
    return [task for task, stopped in zip(tasks, np.asarray(kept.stopped), strict=True) if stopped]


def stop_tasks(state: TrainState, tasks: Sequence[str], names: Sequence[str]) -> TrainState:
    """Return a state in which the named tasks have stopped."""
    kept = _kept(state)
    if kept is None:
        return state
    kept = kept._replace(stopped=jnp.array([task in names for task in tasks]))
    outer = state.opt_state
    return state._replace(
        opt_state=outer._replace(opt_state=kept) if isinstance(outer, Averaged) else kept
    )


def count_evaluations(
    counts: Mapping[str, Sequence[float]], results: Results
) -> dict[str, list[float]]:
    """Return, for each task, its lowest validation loss and the number of evaluations since then.

    Args:
      counts: What this function returned at the evaluation before; empty at the first one.
      results: The results on the validation split. A loss that is not finite does not count.

    >>> counts = count_evaluations({}, {'a': {'loss': 1.0}})
    >>> count_evaluations(counts, {'a': {'loss': 1.5}})
    {'a': [1.0, 1]}
    """
    found = {}
    for task, row in results.items():
        lowest, since = counts.get(task, (math.inf, 0))
        worse = since + math.isfinite(row['loss'])
        found[task] = [row['loss'], 0] if row['loss'] < lowest else [lowest, worse]
    return found


def _kept(state: TrainState) -> Stoppable | None:
    kept = state.opt_state
    kept = kept.opt_state if isinstance(kept, Averaged) else kept
    return kept if isinstance(kept, Stoppable) else None
