"""The geometric mean."""

import jax.numpy as jnp

from mtljax.base import Weighting
from mtljax.weighting._active import over_active, positive


def geometric() -> Weighting:
    """GLS: the gradient of the geometric mean ``M = (prod_t L_t)^(1/A)`` of the A active tasks.

    ``w_t = M / (A L_t)`` (Chennupati, Sistu, Yogamani, Rawashdeh, CVPR workshops 2019,
    https://arxiv.org/abs/1904.08492). It is computed from logarithms, since the product of many
    losses would not fit float32.

    Scale: every weighted loss is M / A, and equal losses have the weights ``1/A``; the sum of the
    weights is not fixed. Inactive tasks get weight 0 and are left out of M. Losses must be
    positive: a loss that is not positive makes all weights NaN.

    >>> weighting = geometric()
    >>> weighting.update(jnp.array([1.0, 2.0]), weighting.init(2))[0].tolist()
    [0.707..., 0.353...]
    """

    def init(num_tasks):
        return ()

    @over_active
    def update(losses, state, *, active, key):
        logs, count = jnp.log(positive(losses)), jnp.sum(active)
        mean = jnp.sum(logs, where=active) / count
        return jnp.exp(mean - logs) / count, state

    return Weighting(init, update)
