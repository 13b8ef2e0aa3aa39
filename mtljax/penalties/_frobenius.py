"""Distances between copies."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mtljax import trees
from mtljax._numeric import divisor
from mtljax.penalties._penalty import Penalty, per_layer
from mtljax.penalties._strength import Strength


def frobenius(
    strength: Strength, *, where: str | None = 'task/towers', leaves: trees.Where = None
) -> Penalty:
    """Soft sharing: the distance of every two copies, ``sum_{s<t} |W_s - W_t|_F``, per layer.

    This form without the square makes whole layers equal, not only similar (Navon, 2019,
    https://avivnavon.github.io/blog/parameter-sharing-in-deep-learning/). Its gradient has the same
    size for all distances, and is 0 where the copies are equal: near this point a step overshoots
    unless it is small. It takes time O(T^2 P) and memory O(T P).

    Args:
      strength: One number, or one per stage; see `l2`.
      where: The path of the subtree in the parameters; None for all parameters.
      leaves: The leaves of the subtree that are penalised; see `l2`.

    Raises:
      ValueError: As in `l2`.

    >>> towers = {'stage0': {'kernel': jnp.array([[[0.0, 0.0]], [[3.0, 4.0]]])}}
    >>> frobenius(0.5).value(towers).item()
    2.5
    """
    return per_layer(lambda w, path, state: distances(_rows(w)), strength, where, leaves)


@jax.custom_jvp
def distances(rows: Float[Array, 'T P']) -> Float[Array, '']:
    """``sum_{s<t} |r_s - r_t|``; derivatives are 0 where rows are equal.

    Args:
      rows: One row per copy.

    >>> distances(jnp.array([[0.0], [1.0], [1.0]])).item()
    2.0
    """
    return _with_slope(rows)[0]


@distances.defjvp
def _distances_jvp(primals, tangents):
    total, slope = _with_slope(primals[0])
    return total, jnp.sum(slope * tangents[0])


def _with_slope(rows: Array) -> tuple[Array, Array]:
    """The sum and its gradient; a scan over the cyclic distance takes T pairs at a time."""
    tasks = len(rows)
    at = jnp.arange(tasks)

    def add(carry, shift):
        total, slope = carry
        difference = rows - rows[(at + shift) % tasks]
        largest = jnp.max(abs(difference), axis=1, keepdims=True, initial=0)
        share = difference / divisor(largest)  # its square fits float32
        length = jnp.linalg.norm(share, axis=1, keepdims=True)
        unit = share / divisor(length)
        length = largest * length
        # Pairs at opposite places come twice.
        seen = jnp.where(2 * shift == tasks, 0.5, 1).astype(rows.dtype)
        slope = slope + seen * (unit - unit[(at - shift) % tasks])
        return (total + seen * jnp.sum(length), slope), None

    start = jnp.zeros((), rows.dtype), jnp.zeros_like(rows)
    return jax.lax.scan(add, start, jnp.arange(1, tasks // 2 + 1))[0]


def _rows(weights: Array) -> Array:
    return weights.reshape(len(weights), -1)
