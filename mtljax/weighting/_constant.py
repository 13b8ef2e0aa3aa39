"""Weights that the user sets."""

import jax.numpy as jnp

from mtljax.base import Weighting
from mtljax.options import PerTask, check_one_per_task, check_weights
from mtljax.weighting._active import over_active


def constant(weights: PerTask) -> Weighting:
    """Use fixed weights, one for each task.

    With weights of 1, the total loss is the plain sum of the losses. A task without a label in the
    batch gets weight 0, and the other weights do not change. The losses may have any sign and size.

    Args:
      weights: One number per task, in the order of the heads.

    Raises:
      ValueError: A weight is negative or not finite. ``init`` also raises this error if there is
        not one weight per task.

    >>> weighting = constant([0.75, 0.25])
    >>> weighting.update(jnp.array([0.5, 2.0]), weighting.init(2))[0].tolist()
    [0.75, 0.25]
    """
    check_weights('weights', weights)

    def init(num_tasks):
        check_one_per_task('weights', weights, num_tasks)
        return ()

    @over_active
    def update(losses, state, *, active, key):
        return jnp.asarray(weights, losses.dtype), state

    return Weighting(init, update)
