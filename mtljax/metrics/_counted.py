"""Entries of a batch as numbers to add up."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Shaped

from mtljax.base import Array
from mtljax.losses import expand

_Arrays = Array | np.ndarray
_GROUPS = 64  # a sum of ones in float32 stops at 2^24, so each group is added up by itself


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


def histogram(bins: Array, counts: Shaped[_Arrays, '*_'], length: int) -> Shaped[Array, ' length']:
    """How much is counted in each bin: int32 for booleans, and float32 for weights.

    Args:
      bins: The bins of all entries, integers.
      counts: What each entry adds, from `counted`, in the shape of ``bins``.
      length: The number of bins.

    >>> histogram(jnp.array([0, 2, 2]), jnp.array([True, True, False]), 3).tolist()
    [1, 0, 1]
    """
    bins, counts = bins.ravel(), counts.ravel()
    if counts.dtype == bool:
        return jnp.zeros(length, jnp.int32).at[bins].add(counts.astype(jnp.int32))
    size = -len(bins) % _GROUPS
    groups = [jnp.pad(x, (0, size)).reshape(_GROUPS, -1) for x in (bins, counts)]

    def one(bins, counts):
        return jnp.zeros(length, jnp.float32).at[bins].add(counts.astype(jnp.float32))

    return jax.vmap(one)(*groups).sum(axis=0)
