"""The update near the mean gradient that helps the worst task most."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mtljax._numeric import divide, divisor
from mtljax.options import check_share
from mtljax.solvers._min_norm import min_norm
from mtljax.solvers._nonnegative import FLOOR, nonnegative
from mtljax.solvers._precision import floored, in_float64
from mtljax.solvers._solution import Solution

_STEPS = 30


def cagrad(
    norms: Float[Array, 'T'],
    cosines: Float[Array, 'T T'],
    c: ArrayLike,
    active: Bool[Array, 'T'] | None = None,
) -> Solution:
    """Compute the weights x of CAGrad's update, ``d = g_0 + sum_t x_t g_t``.

    Here ``g_t`` is the gradient of task t, and ``g_0`` is the mean gradient of the tasks with a
    label in the batch. The update d maximises ``min_t g_t . d`` under the condition
    ``|d - g_0| <= c |g_0|``. If several d are optimal, the result is the d that is nearest to
    ``g_0``. A zero gradient counts in the mean, but not in the minimum.

    For two tasks there is a closed form. For more tasks, the solver searches for the largest
    possible value m of ``min_t g_t . d``. For a given m, a non-negative quadratic program gives the
    d nearest to ``g_0`` with ``g_t . d >= m`` for all t. Newton's method then finds the m at which
    ``|d - g_0|`` is ``c |g_0|``.

    Args:
      norms: The norms of the task gradients, ``[T]``.
      cosines: The cosines between the task gradients, ``[T, T]``.
      c: The largest distance of d from ``g_0``, divided by ``|g_0|``. It is in [0, 1).
      active: Booleans ``[T]``, True for tasks with a label in the batch. None means all tasks. The
        other tasks get weight 0.

    Returns:
      The weights, ``[T]``, and the residual, as a `Solution`.

    >>> opposed = jnp.array([[1.0, -1.0], [-1.0, 1.0]])
    >>> cagrad(jnp.array([1.0, 2.0]), opposed, 0.5).weights
    Array([0.25, 0.  ], dtype=float32)
    """
    check_share('c', c)
    active = jnp.ones(norms.shape, bool) if active is None else active
    return _solve(norms, cosines, c, active)


@in_float64
def _solve(norms, cosines, c, active):
    usable = active & (norms > 0)
    lengths = jnp.where(usable, norms, 0) / jnp.maximum(active.sum(), 1)
    matrix = floored(cosines, usable, FLOOR)
    products = matrix @ lengths
    mean = jnp.sqrt(jnp.maximum(lengths @ products, 0))
    exists = (mean > 1e-12 * lengths.max()) & (c > 0)
    aligned = products / divisor(mean, exists)
    smallest = jnp.min(jnp.where(usable, norms, jnp.inf))
    ratio = divide(smallest, norms, usable)
    search = _pair if len(norms) == 2 else _newton
    units, residual = search(matrix, aligned, ratio, c, usable)
    weights = units * mean / divisor(norms, usable)
    return Solution(
        jnp.where(usable & exists, weights, 0), jnp.where(exists, residual, jnp.zeros(()))
    )


def _pair(matrix, aligned, ratio, c, usable):
    """Minimise a convex function of one share; the minimum is a root of a quadratic, or an end."""
    # Hull points are y = w / ratio, their value y . aligned + c |y|.
    ends = jnp.diag(1 / divisor(ratio, usable))
    across, second = ends[0] - ends[1], ends[1]
    slope = across @ aligned
    square = across @ matrix @ across
    foot = -(across @ matrix @ second) / divisor(square)
    height = jnp.maximum(second @ matrix @ second - foot**2 * square, 0)
    room = square * (c**2 * square - slope**2)
    offset = jnp.sqrt(slope**2 * height / divisor(room))
    share = jnp.where(room > 0, foot - jnp.sign(slope) * offset, jnp.where(slope > 0, 0.0, 1.0))
    share = jnp.where(square > 0, jnp.clip(share, 0, 1), 0.5)
    share = jnp.where(usable.all(), share, usable[0])
    point = share * ends[0] + (1 - share) * ends[1]
    length = jnp.sqrt(point @ matrix @ point)
    return divide(c, length) * point, jnp.zeros(())


class _Search(NamedTuple):
    step: Array
    worst: Array
    weights: Array
    residual: Array


def _newton(matrix, aligned, ratio, c, usable):
    def distance(weights):
        return jnp.sqrt(jnp.maximum(weights @ matrix @ weights, 0))

    def bound(weights):
        """The value of a point of the hull; no ``d`` in the ball has a worst case above it."""
        total = ratio @ weights
        value = (weights @ aligned + c * distance(weights)) / divisor(total)
        return jnp.where(total > 0, value, jnp.inf)

    def going(search: _Search):
        return (search.step < _STEPS) & (search.residual > 1e-13)

    def advance(search: _Search):
        linear = jnp.where(usable, search.worst * ratio - aligned, -1)
        weights, _ = nonnegative(matrix, linear)
        weights = jnp.where(usable, weights, 0)
        after = jnp.minimum(search.worst, bound(weights))
        return _Search(search.step + 1, after, weights, search.worst - after)

    lengths = divisor(ratio, usable)
    vertices = jnp.where(usable, (aligned + c) / lengths, jnp.inf)
    hull = min_norm(1 / lengths, matrix, usable).weights
    start = jnp.minimum(vertices.min(), bound(hull / lengths))
    first = _Search(jnp.zeros((), jnp.int32), start, jnp.zeros_like(aligned), jnp.asarray(jnp.inf))
    last = jax.lax.while_loop(going, advance, first)
    return last.weights, last.residual
