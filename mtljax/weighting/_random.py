"""RLW: random weights."""

import jax

from mtljax.base import Weighting
from mtljax.weighting._active import over_active


def random() -> Weighting:
    """RLW: draw random weights at every step.

    The weights are ``w = softmax(x)``, where ``x_t`` is drawn from the normal distribution
    ``N(0, 1)`` for each task t (Lin, Ye, Zhang, Tsang, TMLR 2022,
    https://arxiv.org/abs/2111.10603). This is a baseline that other weightings should beat.

    The weights sum to 1. A task without a label in the batch gets weight 0 and is left out of the
    softmax. The method does not read the losses.

    Raises:
      ValueError: ``update`` is called without ``key``.

    >>> import jax.numpy as jnp
    >>> weighting = random()
    >>> weights, _ = weighting.update(jnp.ones(3), weighting.init(3), key=jax.random.key(0))
    >>> round(weights.sum().item(), 6)
    1.0
    """

    def init(num_tasks):
        return ()

    @over_active
    def update(losses, state, *, active, key):
        if key is None:
            raise ValueError(
                'random needs a key at update, to draw the weights. Found key = None. '
                'Pass key=... to update.'
            )
        drawn = jax.random.normal(key, losses.shape, losses.dtype)
        return jax.nn.softmax(drawn, where=active), state

    return Weighting(init, update)
