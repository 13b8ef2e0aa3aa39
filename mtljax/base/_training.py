"""The state of training, and rules that weigh losses."""

from collections.abc import Callable
from typing import NamedTuple

from mtljax.base._arrays import Array, Key, Params, PyTree, State


class TrainState(NamedTuple):
    """The state of training between two steps.

    Attributes:
      step: The number of steps so far.
      params: The parameters of the model.
      state: The state of the model, such as batch statistics.
      weighting: The state of the loss weighting.
      opt_state: The state of the optax chain, which ends with the optimiser.
      key: The random key. All random numbers of the next steps are derived from it.
    """

    step: Array
    params: Params
    state: State
    weighting: PyTree
    opt_state: PyTree
    key: Key


class Weighting(NamedTuple):
    """A rule that chooses the loss weight of each task before the losses are differentiated.

    Attributes:
      init: ``(num_tasks) -> state``, the first state of the rule.
      update: ``(losses [T], state, *, active [T], key) -> (weights [T], state)``. It runs before a
        step. ``active`` says which tasks have a label in the batch. ``key`` is a random key.
      observe: ``(losses_after [T], state, *, active [T]) -> state``. It runs after a step, and gets
        the losses of the same batch at the new parameters. None if the rule does not need them.
    """

    init: Callable[[int], PyTree]
    update: Callable[..., tuple[Array, PyTree]]
    observe: Callable[..., PyTree] | None = None
