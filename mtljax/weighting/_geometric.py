"""GLS: the geometric mean of the losses."""

import jax.numpy as jnp

from mtljax.base import Weighting
from mtljax.weighting._active import over_active, positive


def geometric() -> Weighting:
    """GLS: minimise the geometric mean of the losses.

    The geometric mean is ``M = (prod_t L_t)^(1/n)``, where ``L_t`` is the loss of task t and n is
    the number of tasks with a label in the batch. The gradient of M is ``sum_t w_t grad L_t`` with
    the weights ``w_t = M / (n L_t)`` (Chennupati, Sistu, Yogamani, Rawashdeh, CVPR workshops 2019,
    https://arxiv.org/abs/1904.08492). M is computed from logarithms, because a product of many
    losses may not fit float32.

    Every weighted loss ``w_t L_t`` is ``M / n``. If all losses are equal, all weights are ``1/n``.
    The sum of the weights is not fixed. A task without a label in the batch gets weight 0 and is
    left out of M. If a loss is not positive, all weights are NaN.

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
