"""Entries of a batch as numbers to add up."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Shaped

from mtljax.base import Array
from mtljax.losses import expand

_Arrays = Array | np.ndarray


def counted(
    chosen: Bool[_Arrays, '*shape'], weight: Float[_Arrays, '*_'] | None
) -> Shaped[_Arrays, '*shape']:
    """What each entry adds to a count: 1 or its weight if it is chosen, and 0 if not.

    Args:
      chosen: Booleans ``[B, ...]``.
      weight: The weights of the labels ``[B, ...]``, or None if every label counts 1.

    Returns:
      The booleans themselves if there are no weights, so that their sum is an exact integer.

    >>> counted(jnp.array([True, False]), jnp.array([0.5, 2.0])).tolist()
    [0.5, 0.0]
    """
    if weight is None:
        return chosen
    return jnp.where(chosen, expand(weight, chosen), 0)
