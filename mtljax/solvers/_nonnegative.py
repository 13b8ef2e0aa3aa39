"""Quadratic programs with non-negative variables, by an interior-point method."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_STEPS = 60
_GAP = 1e-22
_RIDGE = 1e-15

FLOOR = 1e-14
"""Callers raise the eigenvalues of Q to this: with smaller ones the minimum runs away."""


class _Point(NamedTuple):
    step: Array
    x: Array
    s: Array
    gap: Array


def nonnegative(
    quadratic: Float[Array, 'T T'], linear: Float[Array, 'T']
) -> tuple[Float[Array, 'T'], Float[Array, '']]:
    """Compute ``argmin_{x >= 0} 1/2 x^T Q x - b^T x`` for a positive semi-definite matrix Q.

    This is Mehrotra's predictor-corrector method (S. Mehrotra, SIAM J. Optim. 1992). The conditions
    of optimality are ``Q x - b = s >= 0``, ``x >= 0``, ``x_i s_i = 0``. The method stops when the
    mean of the products ``x_i s_i`` is 1e-22 or no longer falls.

    Args:
      quadratic: The matrix Q, in float64, with a diagonal near 1.
      linear: The vector b.

    Returns:
      ``x`` and the largest violation of the conditions.
    """

    def going(point: _Point):
        return (point.step < _STEPS) & (point.gap > _GAP)

    def advance(point: _Point):
        _, x, s, before = point
        dual = quadratic @ x - linear - s
        matrix = quadratic + jnp.diag(s / x + _RIDGE)
        factor = jax.scipy.linalg.cho_factor(matrix)

        def direction(target):
            dx = jax.scipy.linalg.cho_solve(factor, target / x - s - dual)
            return dx, target / x - s - s / x * dx

        dx, ds = direction(jnp.zeros_like(x))
        length = _to_boundary(x, dx, s, ds)
        mean = jnp.mean(x * s)
        ahead = jnp.mean((x + length * dx) * (s + length * ds))
        centre = (ahead / mean) ** 3 * mean
        dx, ds = direction(centre - dx * ds)
        length = jnp.minimum(1, 0.9995 * _to_boundary(x, dx, s, ds))
        new_x, new_s = x + length * dx, s + length * ds
        gap = jnp.maximum(jnp.mean(new_x * new_s), 0)
        sound = jnp.isfinite(gap) & (new_x > 0).all() & (new_s > 0).all()
        return _Point(
            jnp.where(sound, point.step + 1, _STEPS),
            jnp.where(sound, new_x, x),
            jnp.where(sound, new_s, s),
            jnp.where(sound, gap, before),
        )

    start = jnp.maximum(jnp.max(jnp.abs(linear)), 1) * jnp.ones_like(linear)
    first = _Point(jnp.zeros((), jnp.int32), start, start, jnp.mean(start * start))
    last = jax.lax.while_loop(going, advance, first)
    slack = quadratic @ last.x - linear
    residual = jnp.max(jnp.abs(jnp.minimum(last.x, slack)))
    return last.x, residual


def _to_boundary(x, dx, s, ds):
    """Return the largest step in (0, 1] that keeps ``x`` and ``s`` non-negative."""

    def most(value, change):
        falling = change < 0
        return jnp.min(jnp.where(falling, -value / jnp.where(falling, change, -1), jnp.inf))

    return jnp.minimum(1, jnp.minimum(most(x, dx), most(s, ds)))
