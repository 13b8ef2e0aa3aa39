"""Losses divided by their first values."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mtljax.base import Weighting
from mtljax.weighting._active import over_active, positive


class InverseInitialState(NamedTuple):
    """The state of `inverse_initial`.

    Attributes:
      first: The loss of each task in its first batch with a label. It is 1 before that batch.
      seen: Whether each task has had such a batch.
    """

    first: Float[Array, 'T']
    seen: Bool[Array, 'T']


def inverse_initial() -> Weighting:
    """Divide every loss by its first value: ``w_t = 1 / L_t(0)``.

    Here ``L_t(0)`` is the loss of task t in the first batch in which the task has a label. The
    weight does not change after this batch.

    So every weighted loss starts at 1. The sum of the weights is not fixed. A task without a label
    in the batch gets weight 0, and the other weights do not change. If the first loss of a task is
    not positive, its weight is NaN. Later losses may have any sign and size.

    >>> weighting = inverse_initial()
    >>> weights, state = weighting.update(jnp.array([0.5, 2.0]), weighting.init(2))
    >>> weights, state = weighting.update(jnp.array([0.1, 0.1]), state)
    >>> weights.tolist()
    [2.0, 0.5]
    """

    def init(num_tasks):
        return InverseInitialState(jnp.ones(num_tasks), jnp.zeros(num_tasks, bool))

    @over_active
    def update(losses, state, *, active, key):
        first = jnp.where(state.seen, state.first, losses)
        return 1 / positive(first), InverseInitialState(first, state.seen | active)

    return Weighting(init, update)
