"""Equal weights."""

import jax.numpy as jnp

from mtljax.base import Weighting


def equal() -> Weighting:
    """Weight 1 for every task: the plain sum of the losses, ``w_t = 1``.

    >>> weighting = equal()
    >>> weighting.update(jnp.array([0.5, 2.0]), weighting.init(2))[0].tolist()
    [1.0, 1.0]
    """

    def init(num_tasks):
        return ()

    def update(losses, state, *, active=None, key=None):
        return jnp.ones(losses.shape), state

    return Weighting(init, update)
