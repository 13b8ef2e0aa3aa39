"""The sum of the logarithms of the losses."""

from mtljax.base import Weighting
from mtljax.weighting._active import over_active, positive


def scale_invariant() -> Weighting:
    """Minimise the sum of the logarithms of the losses: ``w_t = 1 / L_t``.

    Here ``L_t`` is the loss of task t. If a loss is multiplied by a constant, the training does not
    change. Navon, Shamsian, Achituve, Maron, Kawaguchi, Chechik and Fetaya use this method as a
    baseline (ICML 2022, https://arxiv.org/abs/2202.01017).

    Every weighted loss ``w_t L_t`` is 1. So the weights grow as the losses fall. The sum of the
    weights is not fixed. A task without a label in the batch gets weight 0, and the other weights
    do not change. If the loss of a task is not positive, its weight is NaN.

    >>> import jax.numpy as jnp
    >>> weighting = scale_invariant()
    >>> weighting.update(jnp.array([0.5, 2.0]), weighting.init(2))[0].tolist()
    [2.0, 0.5]
    """

    def init(num_tasks):
        return ()

    @over_active
    def update(losses, state, *, active, key):
        return 1 / positive(losses), state

    return Weighting(init, update)
