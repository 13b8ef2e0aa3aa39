"""Orders of the tasks, for methods that take them one after the other."""

import jax
import jax.numpy as jnp

from mtljax.base import Array, Key


def orders(num_tasks: int, key: Key | None, *, shuffle: bool, method: str) -> Array:
    """One order of all tasks per task, ``[T, T]``: a fresh permutation each, or 0, 1, 2, ...

    Raises:
      ValueError: an order is to be drawn, there is no key, and more than one order exists.
    """
    if not shuffle or num_tasks <= 2:
        return jnp.broadcast_to(jnp.arange(num_tasks), (num_tasks, num_tasks))
    if key is None:
        raise ValueError(f'{method} draws the order of the tasks: pass key=... to update.')
    keys = jax.random.split(key, num_tasks)
    return jax.vmap(lambda k: jax.random.permutation(k, num_tasks))(keys)


def of_rows(units: Array, norms: Array) -> Array:
    """Weights ``[T]`` of the gradients, from ``units[i, k]``, the share of unit row k in row i.

    Row i stands for ``|g_i| sum_k units[i, k] g_k/|g_k|``.
    """
    inverse = jnp.where(norms > 0, 1 / jnp.where(norms > 0, norms, 1), 0)
    ratio = norms[:, None] * inverse[None, :]
    weights = jnp.sum(jnp.where(units != 0, units * ratio, 0), axis=0)
    most = jnp.finfo(weights.dtype).max
    return jnp.clip(weights, -most, most)
