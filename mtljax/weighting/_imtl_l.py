"""Impartial losses."""

import jax.numpy as jnp
import optax

from mtljax.base import Weighting
from mtljax.weighting._learned import learned_weighting


def imtl_l(*, optimizer: optax.GradientTransformation | None = None) -> Weighting:
    """IMTL-L: weights that learn to make every weighted loss 1.

    ``sum_t e^(s_t) L_t - s_t`` with s = 0 at the start, so that ``w_t = e^(s_t)`` (Liu, Li, Kuang,
    Xue, Chen, Yang, Liao, Zhang, ICLR 2021, https://openreview.net/forum?id=IMPnRXEWpvr). The loss
    balance of IMTL; its gradient balance is a surgery. A step uses s before its change.

    Scale: 1 at the start; s converges to ``w_t L_t = 1``, so that the weights grow as the losses
    fall; their sum is not fixed. Inactive tasks get weight 0, and their s gets no gradient, but the
    optimiser's momentum may still change it. Losses should be positive: for a loss of 0 or less the
    weight grows without limit.

    Args:
      optimizer: The optimiser of s; when None ``optax.adam(0.025)``, as for `uncertainty`.

    Raises:
      ValueError: ``optimizer`` is not an optax optimizer.

    >>> weighting = imtl_l(optimizer=optax.sgd(0.5))
    >>> weights, state = weighting.update(jnp.array([0.5, 2.0]), weighting.init(2))
    >>> weights.tolist(), weighting.update(jnp.array([0.5, 2.0]), state)[0].tolist()
    ([1.0, 1.0], [1.28..., 0.606...])
    """
    return learned_weighting(jnp.exp, jnp.negative, jnp.zeros, optimizer)
