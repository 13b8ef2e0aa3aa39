"""Weights set by hand."""

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from mtljax.base import Weighting


def constant(weights: ArrayLike) -> Weighting:
    """Fixed weights, ``w_t = weights[t]``; the plain sum is all ones.

    Args:
      weights: ``[T]``, in the order of the heads.

    Raises:
      ValueError: a weight is negative or not finite (in the factory), or there are not T of them
        (in ``init``).

    >>> weighting = constant([0.75, 0.25])
    >>> weighting.update(jnp.array([0.5, 2.0]), weighting.init(2))[0].tolist()
    [0.75, 0.25]
    """
    if isinstance(weights, list | tuple | np.ndarray):
        found = np.asarray(weights)
        if found.ndim != 1 or not np.isfinite(found).all() or (found < 0).any():
            raise ValueError(f'weights should be T finite numbers >= 0. Found weights = {weights}.')

    def init(num_tasks):
        if np.shape(weights) != (num_tasks,):
            raise ValueError(f'weights should be one per task, {num_tasks}. Found {weights}.')
        return ()

    def update(losses, state, *, active=None, key=None):
        return jnp.asarray(weights, losses.dtype), state

    return Weighting(init, update)
