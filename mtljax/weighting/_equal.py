"""Equal weights."""

import jax.numpy as jnp

from mtljax.base import Weighting
from mtljax.weighting._active import over_active


def equal() -> Weighting:
    """Give every task the weight 1, so that the total loss is the plain sum of the losses.

    A task without a label in the batch gets weight 0. The losses may have any sign and size.

    >>> weighting = equal()
    >>> weighting.update(jnp.array([0.5, 2.0]), weighting.init(2))[0].tolist()
    [1.0, 1.0]
    """

    def init(num_tasks):
        return ()

    @over_active
    def update(losses, state, *, active, key):
        return jnp.ones_like(losses), state

    return Weighting(init, update)
