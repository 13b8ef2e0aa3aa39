"""IMTL-L: the loss part of impartial multi-task learning."""

import jax.numpy as jnp
import optax

from mtljax.base import Weighting
from mtljax.weighting._learned import learned_weighting


def imtl_l(*, optimizer: optax.GradientTransformation | None = None) -> Weighting:
    """IMTL-L: train weights that make every weighted loss 1.

    The weight of task t is ``w_t = e^(s_t)``, where ``s_t`` starts at 0 and minimises
    ``sum_t e^(s_t) L_t - s_t`` (Liu, Li, Kuang, Xue, Chen, Yang, Liao, Zhang, ICLR 2021,
    https://openreview.net/forum?id=IMPnRXEWpvr). ``L_t`` is the loss of the task. A step uses the
    weights as they are before it changes s. The gradient part of IMTL is ``surgery.imtl_g``.

    The weights are 1 at the start. They converge to ``w_t = 1 / L_t``, so they grow as the losses
    fall, and their sum is not fixed. A task without a label in the batch gets weight 0. Its ``s_t``
    gets no gradient, but the momentum of the optimizer may still change it. The losses should be
    positive: for a loss of 0 or less, the weight grows without limit.

    Args:
      optimizer: The optimizer of s; ``optax.adam(0.025)`` when None, as for `uncertainty`.

    Raises:
      ValueError: ``optimizer`` is not an optax optimizer.

    >>> weighting = imtl_l(optimizer=optax.sgd(0.5))
    >>> weights, state = weighting.update(jnp.array([0.5, 2.0]), weighting.init(2))
    >>> weights.tolist(), weighting.update(jnp.array([0.5, 2.0]), state)[0].tolist()
    ([1.0, 1.0], [1.28..., 0.606...])
    """
    return learned_weighting(jnp.exp, jnp.negative, jnp.zeros, optimizer)
