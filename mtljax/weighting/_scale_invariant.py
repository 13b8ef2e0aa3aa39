"""The sum of the logarithms."""

from mtljax.base import Weighting
from mtljax.weighting._active import over_active, positive


def scale_invariant() -> Weighting:
    """The gradient of ``sum_t log L_t``: ``w_t = 1 / L_t``.

    A constant factor of a loss does not change the training. This is a baseline of Navon, Shamsian,
    Achituve, Maron, Kawaguchi, Chechik, Fetaya, ICML 2022, https://arxiv.org/abs/2202.01017.

    Scale: every weighted loss is 1, so that the weights grow as the losses fall; their sum is not
    fixed. Inactive tasks get weight 0, and do not change the other weights. A loss that is not
    positive gives that task the weight NaN.

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
