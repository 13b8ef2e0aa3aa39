"""IMTL-L: the loss part of impartial multi-task learning."""

import jax.numpy as jnp
import optax

from mtljax.base import Weighting
from mtljax.weighting._learned import learned_weighting


def imtl_l(*, optimizer: optax.GradientTransformation | None = None) -> Weighting:
    """IMTL-L: train weights that make every weighted loss 1.

    Let ``L_t`` be the loss of task t. Its weight is ``w_t = e^(s_t)``, where ``s_t`` is a trained
    number that starts at 0. Each step returns the present weights, and then makes one optimizer
    step on ``sum_t e^(s_t) L_t - s_t`` (Liu, Li, Kuang, Xue, Chen, Yang, Liao, Zhang, ICLR 2021,
    https://openreview.net/forum?id=IMPnRXEWpvr). The second part of IMTL, which combines gradients,
    is ``surgery.imtl_g``.

    The weights are 1 at the start. They tend to ``w_t = 1 / L_t``, so they grow as the losses fall,
    and their sum is not fixed. A task without a label in the batch gets weight 0. Its ``s_t`` gets
    no gradient, but the momentum of the optimizer may still change ``s_t``. The losses should be
    positive. If a loss is 0 or negative, its weight grows without limit.

    Args:
      optimizer: The optimizer of the numbers ``s_t``. None means ``optax.adam(0.025)``.

    Raises:
      ValueError: ``optimizer`` is not an optax optimizer.

    >>> weighting = imtl_l(optimizer=optax.sgd(0.5))
    >>> weights, state = weighting.update(jnp.array([0.5, 2.0]), weighting.init(2))
    >>> weights.tolist(), weighting.update(jnp.array([0.5, 2.0]), state)[0].tolist()
    ([1.0, 1.0], [1.28..., 0.606...])
    """
    return learned_weighting(jnp.exp, jnp.negative, jnp.zeros, optimizer)
