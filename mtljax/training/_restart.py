"""Training that starts from given parameters."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from mtljax.base import Params, State, TrainState
from mtljax.training._average import Averaged, anew
from mtljax.training._task_stops import Stoppable


def restart(
    start: TrainState, tx: optax.GradientTransformation, params: Params, state: State
) -> TrainState:
    """Replace the parameters of the first state of a training. The optimiser starts anew.

    Args:
      start: The first state of a training, such as the result of `initial_state`.
      tx: The optax chain of the training.
      params: The new parameters.
      state: The new state of the model.

    Returns:
      The new first state.

    >>> from mtljax import backbones, data, sharing, surgery, training
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.sum(), optax.sgd(0.1))
    >>> start = training.initial_state(model, digits, tx, steps=4, batch_size=16, ema=0.9)
    >>> zeros = jax.tree.map(jnp.zeros_like, start.params)
    >>> restart(start, tx, zeros, start.state).params['shared']['stage0']['Dense_0']['bias'].sum()
    Array(0., dtype=float32)
    """
    opt_state = jax.tree.map(jnp.copy, tx.init(params))
    new = start._replace(params=params, state=state)
    return anew(new._replace(opt_state=_inside(start.opt_state, opt_state)))


def _inside(kept: Any, opt_state: Any) -> Any:
    """Return the state of the optax chain with what options of training keep beside it."""
    if isinstance(kept, Averaged | Stoppable):
        return kept._replace(opt_state=_inside(kept.opt_state, opt_state))
    return opt_state
