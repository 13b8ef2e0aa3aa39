"""Problems with two losses and a known Pareto set, and starting points of runs."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from mtljax.base import Array

_LEAST = 5e-6


@dataclass(frozen=True)
class Problem:
    """A problem with two losses.

    Attributes:
      losses: A function ``(x [P]) -> [2]``.
      pareto: Points of the Pareto set in order, ``[N, P]``.
      inside: A function ``(x [P]) -> bool``: whether a stationary x can be on the front.
      residual: A function ``(losses [2]) -> scalar`` that is 0 on the front, or None if the front
        has no equation.
    """

    losses: Callable[[Array], Array]
    pareto: np.ndarray
    inside: Callable[[Array], Array]
    residual: Callable[[Array], Array] | None = None


def valley(scale: float = 1.0) -> Problem:
    """Return the problem of Liu et al. (CAGrad, NeurIPS 2021): two valleys above two bowls.

    The losses are ``L_i = f_i c_1 + q_i c_2``. The logarithmic valleys f count above ``x_2 = 0``,
    and the bowls q count below.

    Args:
      scale: The factor of the first loss.

    >>> valley().losses(jnp.array([0.0, -8.3551])).tolist()
    [-15.0916..., -15.0916...]
    """

    def losses(x):
        x_1, x_2 = x
        turn = jnp.tanh(-x_2)
        f_1 = _log(0.5 * (-x_1 - 7) - turn)
        f_2 = _log(0.5 * (-x_1 + 3) + turn + 2)
        c_1, c_2 = _clamp(jnp.tanh(0.5 * x_2)), _clamp(jnp.tanh(-0.5 * x_2))
        q_1 = ((-x_1 + 7) ** 2 + 0.1 * (-x_2 - 8) ** 2) / 10 - 20
        q_2 = ((-x_1 - 7) ** 2 + 0.1 * (-x_2 - 8) ** 2) / 10 - 20
        return jnp.stack([scale * (f_1 * c_1 + q_1 * c_2), f_2 * c_1 + q_2 * c_2])

    # The gradients cancel near (-7, 0) and (7, 0) too, and runs linger there.
    return Problem(losses, _valley_floor(), lambda x: x[1] < -1)


def fonseca(size: int = 20) -> Problem:
    """A concave front, which linear weights cannot reach (Fonseca and Fleming, IEEE SMC-A 1998).

    The losses are ``f = 1 - exp(-|x -+ 1/sqrt(n)|^2)``, where n is ``size``. The Pareto set is the
    line between the two centres. The front is ``sqrt(-log(1 - f_1)) + sqrt(-log(1 - f_2)) = 2``.

    >>> fonseca().losses(jnp.zeros(20)).round(6).tolist()
    [0.632121..., 0.632121...]
    """
    centre = size**-0.5

    def losses(x):
        return 1 - jnp.exp(-jnp.stack([jnp.sum((x - centre) ** 2), jnp.sum((x + centre) ** 2)]))

    def residual(losses):
        return jnp.sum(jnp.sqrt(-jnp.log1p(-losses))) - 2

    shares = np.linspace(centre, -centre, 201)[:, None]
    return Problem(losses, np.repeat(shares, size, axis=1), lambda x: jnp.array(True), residual)


def box(*, low: float, high: float, size: int, num: int, seed: int) -> np.ndarray:
    """Return random starting points, ``[num, size]``, uniform between ``low`` and ``high``.

    >>> box(low=-0.5, high=0.5, size=20, num=3, seed=0).shape
    (3, 20)
    """
    return np.random.default_rng(seed).uniform(low, high, (num, size))


def _log(u: ArrayLike) -> Array:
    size = jnp.abs(u)
    return jnp.log(jnp.where(size >= _LEAST, size, _LEAST)) + 6


def _clamp(u: Array) -> Array:
    """Return ``max(u, 0)`` with slope 1 at 0; with slope 0, as in jax.nn.relu, a start sticks."""
    return jnp.where(u >= 0, u, 0)


def _valley_floor() -> np.ndarray:
    """Return the Pareto set: for weights (w, 1 - w), ``x_1 = 14 w - 7``, and x_2 by iteration."""
    x_1 = np.linspace(7, -7, 201)
    share = (x_1 + 7) / 14
    x_2 = np.full_like(x_1, -8.0)
    for _ in range(100):
        bowls = [((x_1 - c) ** 2 + 0.1 * (x_2 + 8) ** 2) / 10 - 20 for c in (7, -7)]
        mixed = share * bowls[0] + (1 - share) * bowls[1]
        slope = 0.5 / np.cosh(0.5 * x_2) ** 2
        x_2 = -8 + mixed * slope / (0.02 * np.tanh(-0.5 * x_2))
    return np.stack([x_1, x_2], axis=1)


def on_grid(problem: Problem, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the losses over a plane, ``[len(y), len(x), 2]``."""
    points = np.stack(np.meshgrid(x, y), axis=-1)
    return np.asarray(jax.vmap(jax.vmap(problem.losses))(jnp.asarray(points)))
