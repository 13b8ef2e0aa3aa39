"""Fair task weights: the gain of each task is a power of its weight."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mtljax._numeric import divisor
from mtljax.options import check_positive
from mtljax.solvers._precision import floored, in_float64
from mtljax.solvers._solution import Solution

_STEPS = 100
_FLOOR = 1e-8


class _Point(NamedTuple):
    step: Array
    x: Array
    residual: Array


def nash(
    norms: Float[Array, 'T'],
    cosines: Float[Array, 'T T'],
    active: Bool[Array, 'T'] | None = None,
) -> Solution:
    """Compute the Nash bargaining weights w, the positive solution of ``G w = 1 / w``.

    G is the Gramian of the task gradients, ``G[t, s] = g_t . g_s``. The equations are those of
    `fairgrad` with ``alpha = 1``. For two tasks there is a closed form.

    Args:
      norms: The norms of the task gradients, ``[T]``.
      cosines: The cosines between the task gradients, ``[T, T]``.
      active: Booleans ``[T]``, True for tasks with a label in the batch. None means all tasks. The
        other tasks get weight 0.

    Returns:
      The weights, ``[T]``, and the residual, as a `Solution`.

    >>> nash(jnp.array([1.0, 2.0]), jnp.eye(2)).weights
    Array([1. , 0.5], dtype=float32)
    """
    active = jnp.ones(norms.shape, bool) if active is None else active
    if len(norms) == 2:
        return _pair(norms, cosines, active, _floor(norms))
    return _solve(norms, cosines, 1.0, active, _floor(norms))


def fairgrad(
    norms: Float[Array, 'T'],
    cosines: Float[Array, 'T T'],
    alpha: ArrayLike,
    active: Bool[Array, 'T'] | None = None,
) -> Solution:
    """Compute the weights w of FairGrad, the positive solution of ``G w = w^(-1/alpha)``.

    G is the Gramian of the task gradients, ``G[t, s] = g_t . g_s``. The solution is the minimum of
    the convex function ``1/2 w^T G w - sum_t w_t^(1 - 1/alpha) / (1 - 1/alpha)``. For
    ``alpha = 1``, the terms of the sum are ``log w_t``. Newton's method with a line search finds
    the minimum.

    If a convex combination of non-zero gradients is 0, no update improves all tasks, and the
    equations have no solution. For this case, small eigenvalues of the cosine matrix are raised to
    1e-8, and in float32 to 1e-6 times the number of tasks. The dot products of the update with the
    gradients of this combination are then small. Tasks with a zero gradient are left out of the
    equations. Their weight is the mean of the other weights, or 1 if all gradients are zero.

    Args:
      norms: The norms of the task gradients, ``[T]``.
      cosines: The cosines between the task gradients, ``[T, T]``.
      alpha: The exponent of the fairness, above 0.
      active: Booleans ``[T]``, True for tasks with a label in the batch. None means all tasks. The
        other tasks get weight 0.

    Returns:
      The weights, ``[T]``, and the residual, as a `Solution`.

    >>> fairgrad(jnp.array([1.0, 2.0, 4.0]), jnp.eye(3), 2.0).weights
    Array([1.  , 0.39..., 0.15...], dtype=float32)
    """
    check_positive('alpha', alpha)
    active = jnp.ones(norms.shape, bool) if active is None else active
    return _solve(norms, cosines, alpha, active, _floor(norms))


def _floor(norms):
    return max(_FLOOR, 8 * len(norms) * float(jnp.finfo(norms.dtype).eps))


@in_float64
def _pair(norms, cosines, active, floor):
    usable = active & (norms > 0)
    cosine = jnp.where(usable.all(), cosines[0, 1], 0)
    weights = 1 / (divisor(norms, usable) * jnp.sqrt(jnp.maximum(1 + cosine, floor)))
    return Solution(_for_all(weights, usable, active), jnp.zeros(()))


@in_float64
def _solve(norms, cosines, alpha, active, floor):
    usable = active & (norms > 0)
    matrix = floored(cosines, usable, floor)
    largest = jnp.max(jnp.where(usable, norms, 0))
    relative = divisor(norms, usable) / divisor(largest, usable)
    # With x = w |g| / s, s = max|g|^((1 - alpha) / (1 + alpha)), the equations have no scale.
    gain = relative ** (1 / alpha - 1)
    x, residual = _newton(matrix, gain, alpha)
    scale = divisor(largest) ** ((1 - alpha) / (1 + alpha))
    weights = x * scale / divisor(norms, usable)
    return Solution(_for_all(weights, usable, active), residual)


def _for_all(weights, usable, active):
    count = jnp.sum(usable)
    mean = jnp.sum(jnp.where(usable, weights, 0)) / jnp.maximum(count, 1)
    return jnp.where(usable, weights, jnp.where(active, jnp.where(count > 0, mean, 1), 0))


def _newton(matrix, gain, alpha):
    """Run Newton's method; the line search compares changes, which are exact when small."""
    power = 1 - 1 / alpha
    flat = jnp.abs(power) < 1e-9

    def change_of_value(x, step):
        logs = jnp.log1p(step / x)
        utility = jnp.where(flat, logs, jnp.expm1(power * logs) / jnp.where(flat, 1, power))
        return (x + 0.5 * step) @ matrix @ step - gain * x**power @ utility

    def error(x):
        return jnp.max(jnp.abs((matrix @ x) * x ** (1 / alpha) / gain - 1))

    def going(point: _Point):
        return (point.step < _STEPS) & (point.residual > 1e-13)

    def advance(point: _Point):
        x = point.x
        push = gain * x ** (-1 / alpha)
        factor = jax.scipy.linalg.cho_factor(matrix + jnp.diag(push / (alpha * x)))
        step = jax.scipy.linalg.cho_solve(factor, push - matrix @ x)
        falling = step < 0
        room = jnp.min(jnp.where(falling, -x / jnp.where(falling, step, -1), jnp.inf))
        lengths = jnp.minimum(0.99 * room, 1e6) * 0.6 ** jnp.arange(60.0)
        values = jax.vmap(lambda length: change_of_value(x, length * step))(lengths)
        values = jnp.where(jnp.isfinite(values), values, jnp.inf)
        best = jnp.max(jnp.where(values == values.min(), lengths, 0))
        near = (point.residual < 0.1) & (room > 1)
        after = x + jnp.where(near, 1.0, best) * step
        residual = error(after)
        done = ~jnp.isfinite(residual) | (near & (residual >= point.residual))
        return _Point(
            jnp.where(done, _STEPS, point.step + 1),
            jnp.where(done, x, after),
            jnp.where(done, point.residual, residual),
        )

    start = gain ** (alpha / (1 + alpha))
    first = _Point(jnp.zeros((), jnp.int32), start, error(start))
    last = jax.lax.while_loop(going, advance, first)
    return last.x, last.residual
