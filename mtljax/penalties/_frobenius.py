"""The sum of distances between towers."""

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
    """Penalise the distance between every two towers, layer by layer.

    A tower is one task's copy of the network; see `sharing.soft`. For one layer, the penalty is
    ``sum_{s<t} |W_s - W_t|_F``, where ``W_t`` holds the weights of the tower of task t, and
    ``|.|_F`` is the Frobenius norm. Unlike in `l2`, the norm is not squared. Such a penalty can
    make whole layers equal, not only similar (Navon, 2019,
    https://avivnavon.github.io/blog/parameter-sharing-in-deep-learning/).

    The gradient of ``|W_s - W_t|_F`` has the same length for all distances between the two towers,
    except that it is 0 where they are equal. If two towers are nearly equal, a large step therefore
    overshoots. For T towers with P parameters each, the penalty takes time O(T^2 P) and memory
    O(T P).

    Args:
      strength: The factor of the penalty, one number or one per stage; see `l2`.
      where: The path of the towers in the parameters. None penalises all parameters.
      leaves: The weights of the towers that are penalised; see `l2`.

    Raises:
      ValueError: An option or the tree of parameters is not valid; see `l2`.

    >>> towers = {'stage0': {'kernel': jnp.array([[[0.0, 0.0]], [[3.0, 4.0]]])}}
    >>> frobenius(0.5).value(towers).item()
    2.5
    """
    return per_layer(lambda w, path, state: distances(_rows(w)), strength, where, leaves)


@jax.custom_jvp
def distances(rows: Float[Array, 'T P']) -> Float[Array, '']:
    """``sum_{s<t} |r_s - r_t|``. Its derivative is 0 where two rows are equal.

    Args:
      rows: One row per tower.

    >>> distances(jnp.array([[0.0], [1.0], [1.0]])).item()
    2.0
    """
    return _with_slope(rows)[0]


@distances.defjvp
def _distances_jvp(primals, tangents):
    total, slope = _with_slope(primals[0])
    return total, jnp.sum(slope * tangents[0])


def _with_slope(rows: Array) -> tuple[Array, Array]:
    """The sum and its gradient. A scan over the cyclic distance takes T pairs at a time."""
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
        # With an even number of tasks, the last shift has every pair twice.
        seen = jnp.where(2 * shift == tasks, 0.5, 1).astype(rows.dtype)
        slope = slope + seen * (unit - unit[(at - shift) % tasks])
        return (total + seen * jnp.sum(length), slope), None

    start = jnp.zeros((), rows.dtype), jnp.zeros_like(rows)
    return jax.lax.scan(add, start, jnp.arange(1, tasks // 2 + 1))[0]


def _rows(weights: Array) -> Array:
    return weights.reshape(len(weights), -1)
