"""The orders in which a method takes the tasks one after the other."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from mtljax._numeric import divide
from mtljax.base import Key


def orders(num_tasks: int, key: Key | None, *, shuffle: bool, method: str) -> Int[Array, 'T T']:
    """Return one order of all tasks for each task: a random permutation, or 0, 1, 2, ...

    Raises:
      ValueError: The key is missing and a permutation has to be drawn. With two tasks nothing has
        to be drawn.
    """
    if not shuffle or num_tasks <= 2:
        return jnp.broadcast_to(jnp.arange(num_tasks), (num_tasks, num_tasks))
    if key is None:
        raise ValueError(
            f'{method} needs a key at update, to draw the order of the tasks. Found key = None. '
            'Pass key=... to update.'
        )
    keys = jax.random.split(key, num_tasks)
    return jax.vmap(lambda k: jax.random.permutation(k, num_tasks))(keys)


def of_rows(units: Float[Array, 'T T'], norms: Float[Array, 'T']) -> Float[Array, 'T']:
    """Return the weight of each task gradient, from coefficients of the unit gradients.

    A method makes T vectors. Vector i is ``|g_i| sum_k units[i, k] g_k/|g_k|``. The weights are
    those of the sum of all vectors.
    """
    ratio = norms[:, None] * divide(1, norms)[None, :]
    weights = jnp.sum(jnp.where(units != 0, units * ratio, 0), axis=0)
    most = jnp.finfo(weights.dtype).max
    return jnp.clip(weights, -most, most)
