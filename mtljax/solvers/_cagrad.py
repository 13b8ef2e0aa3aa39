"""The largest worst-case improvement near the mean gradient."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from mtljax.base import Array
from mtljax.solvers._min_norm import min_norm
from mtljax.solvers._nonnegative import FLOOR, nonnegative
from mtljax.solvers._precision import floored, in_float64
from mtljax.solvers._solution import Solution

_STEPS = 30


def cagrad(norms: Array, cosines: Array, c: Array | float, active: Array | None = None) -> Solution:
    """Weights x of ``d = g_0 + sum_t x_t g_t`` for ``max_d min_t g_t . d, |d - g_0| <= c|g_0|``.

    ``g_0`` is the mean of the active gradients. For a worst case t, the nearest ``d`` to ``g_0`` is
    a non-negative quadratic program, and its distance a convex function of t: Newton's method finds
    where it is ``c|g_0|``. Two tasks have a closed form. Where several ``d`` are best, it is the
    nearest to ``g_0``. A zero gradient counts in ``g_0`` only.

    Args:
      norms: ``[T]``.
      cosines: ``[T, T]``.
      c: the radius, in [0, 1).
      active: ``[T]``; all when None. Others get weight 0.

    >>> opposed = jnp.array([[1.0, -1.0], [-1.0, 1.0]])
    >>> cagrad(jnp.array([1.0, 2.0]), opposed, 0.5).weights
    Array([0.25, 0.  ], dtype=float32)
    """
    active = jnp.ones(norms.shape, bool) if active is None else active
    return _solve(norms, cosines, c, active)


@in_float64
def _solve(norms, cosines, c, active):
    usable = active & (norms > 0)
    units = jnp.where(usable, norms, 0) / jnp.maximum(active.sum(), 1)
    matrix = floored(cosines, usable, FLOOR)
    products = matrix @ units
    mean = jnp.sqrt(jnp.maximum(units @ products, 0))
    exists = (mean > 1e-12 * units.max()) & (c > 0)
    aligned = products / jnp.where(exists, mean, 1)
    smallest = jnp.min(jnp.where(usable, norms, jnp.inf))
    ratio = jnp.where(usable, smallest / jnp.where(usable, norms, 1), 0)
    search = _pair if len(norms) == 2 else _newton
    found, residual = search(matrix, aligned, ratio, c, usable)
    weights = found * mean / jnp.where(usable, norms, 1)
    return Solution(
        jnp.where(usable & exists, weights, 0), jnp.where(exists, residual, jnp.zeros(()))
    )


def _pair(matrix, aligned, ratio, c, usable):
    """The convex function of one share has its minimum at a root of a quadratic, or at an end."""
    # Hull points are y = w / ratio, their value y . aligned + c |y|.
    ends = jnp.diag(1 / jnp.where(usable, ratio, 1))
    across, second = ends[0] - ends[1], ends[1]
    slope = across @ aligned
    square = across @ matrix @ across
    foot = -(across @ matrix @ second) / jnp.where(square > 0, square, 1)
    height = jnp.maximum(second @ matrix @ second - foot**2 * square, 0)
    room = square * (c**2 * square - slope**2)
    offset = jnp.sqrt(slope**2 * height / jnp.where(room > 0, room, 1))
    share = jnp.where(room > 0, foot - jnp.sign(slope) * offset, jnp.where(slope > 0, 0.0, 1.0))
    share = jnp.where(square > 0, jnp.clip(share, 0, 1), 0.5)
    share = jnp.where(usable.all(), share, usable[0])
    point = share * ends[0] + (1 - share) * ends[1]
    length = jnp.sqrt(point @ matrix @ point)
    return jnp.where(length > 0, c / jnp.where(length > 0, length, 1), 0) * point, jnp.zeros(())


class _Search(NamedTuple):
    step: Array
    worst: Array
    found: Array
    residual: Array


def _newton(matrix, aligned, ratio, c, usable):
    def distance(found):
        return jnp.sqrt(jnp.maximum(found @ matrix @ found, 0))

    def bound(found):
        """No ``d`` in the ball has a worst case above this: the value of a point of the hull."""
        weight = ratio @ found
        value = (found @ aligned + c * distance(found)) / jnp.where(weight > 0, weight, 1)
        return jnp.where(weight > 0, value, jnp.inf)

    def going(search: _Search):
        return (search.step < _STEPS) & (search.residual > 1e-13)

    def advance(search: _Search):
        linear = jnp.where(usable, search.worst * ratio - aligned, -1)
        found, _ = nonnegative(matrix, linear)
        found = jnp.where(usable, found, 0)
        after = jnp.minimum(search.worst, bound(found))
        return _Search(search.step + 1, after, found, search.worst - after)

    vertices = jnp.where(usable, (aligned + c) / jnp.where(usable, ratio, 1), jnp.inf)
    hull = min_norm(1 / jnp.where(usable, ratio, 1), matrix, usable).weights
    start = jnp.minimum(vertices.min(), bound(hull / jnp.where(usable, ratio, 1)))
    first = _Search(jnp.zeros((), jnp.int32), start, jnp.zeros_like(aligned), jnp.asarray(jnp.inf))
    last = jax.lax.while_loop(going, advance, first)
    return last.found, last.residual
