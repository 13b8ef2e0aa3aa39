"""A running average of the parameters, which is evaluated and saved instead of the last ones."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from mtljax.base import Array, Batch, Key, Params, State, TrainState
from mtljax.training._step import TrainStep


class Averaged(NamedTuple):
    """The state of the optax chain, and beside it the average of the parameters.

    Attributes:
      opt_state: The state of the optax chain.
      ema_params: The average of the parameters. In a state for evaluation, the last parameters.
      ema_state: The same for the state of the model.
    """

    opt_state: Any
    ema_params: Params
    ema_state: State


def with_average(step: TrainStep, decay: float) -> TrainStep:
    """Keep an average of the parameters and of the state of the model, beside the optimiser.

    The average after step t is ``a_t = a_(t-1) + r_t (p_t - a_(t-1))`` with
    ``r_t = (1 - decay) / (1 - decay^t)``. This is the exponential moving average of ``optax.ema``
    with the correction for its start, in a form in which arrays that never change stay the same
    bits. The state of the model, such as the statistics of batch norm, is averaged with the same
    factors; numbers in it that are no floats, such as counters, are the last ones.

    Args:
      step: A training step.
      decay: The decay.

    Returns:
      A training step, whose ``opt_state`` is an `Averaged`.
    """

    def init(key: Key, batch: Batch) -> TrainState:
        start = step.init(key, batch)
        _check_dtypes(start.params)
        copies = jax.tree.map(jnp.copy, (start.params, start.state))
        return start._replace(opt_state=Averaged(start.opt_state, *copies))

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, dict[str, Any]]:
        kept = state.opt_state
        end, info = step.update(state._replace(opt_state=kept.opt_state), batch)
        rate = (decay - 1) / jnp.expm1(end.step * math.log(decay))
        params, model_state = jax.tree.map(
            lambda old, new: _toward(old, new, rate),
            (kept.ema_params, kept.ema_state),
            (end.params, end.state),
        )
        return end._replace(opt_state=Averaged(end.opt_state, params, model_state)), info

    return TrainStep(init, update)


def swapped(state: TrainState) -> TrainState:
    """Exchange the last parameters and their average.

    This makes the state for evaluation of a state for training, and the other way round. A state
    without an average is returned as it is. Checkpoints hold the state for evaluation, so that
    everything that reads their parameters gets the average.
    """
    kept = state.opt_state
    if not isinstance(kept, Averaged):
        return state
    return state._replace(
        params=kept.ema_params,
        state=kept.ema_state,
        opt_state=Averaged(kept.opt_state, state.params, state.state),
    )


def anew(state: TrainState) -> TrainState:
    """Return a state whose average begins at its parameters."""
    kept = state.opt_state
    if not isinstance(kept, Averaged):
        return state
    copies = jax.tree.map(jnp.copy, (state.params, state.state))
    return state._replace(opt_state=Averaged(kept.opt_state, *copies))


def _toward(old: Array, new: Array, rate: Array) -> Array:
    if not jnp.issubdtype(new.dtype, jnp.floating):
        return new
    return old + (rate * (new - old)).astype(new.dtype)


def _check_dtypes(params: Params) -> None:
    found = {str(leaf.dtype) for leaf in jax.tree.leaves(params) if leaf.dtype.itemsize < 4}
    if found:
        raise ValueError(
            'ema needs parameters of float32 or float64: shorter ones are too coarse to be '
            f'averaged. Found {", ".join(sorted(found))}. Leave ema out.'
        )
