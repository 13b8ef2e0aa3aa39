"""Conflict-averse gradient descent."""

from typing import Literal

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax import solvers
from mtljax.options import check_share
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery

_RESCALES = ('none', '1+c^2', '1+c')


def cagrad(c: ArrayLike = 0.5, *, rescale: Literal['none', '1+c^2', '1+c'] = 'none') -> Surgery:
    """CAGrad: the best worst-case improvement in a ball around the mean gradient.

    ``d = argmax_d min_t g_t . d`` with ``|d - g_0| <= c |g_0|``, ``g_0 = 1/|A| sum_t g_t`` (Liu,
    Liu, Jin, Stone, Liu, NeurIPS 2021, https://arxiv.org/abs/2110.14048). Solved to optimality, in
    closed form for two tasks.

    Equal gradients g give ``(1 + c) g``, divided by the divisor that ``rescale`` names. Head
    gradients are not weighted. The method is not random. Inactive tasks are excluded. A zero
    gradient counts in ``g_0`` but not in the worst case. The update is 0 where ``g_0`` is 0. Where
    several d are best, the update is the one nearest to ``g_0``. A gradient that is not finite
    makes the update not finite.

    Args:
      c: The radius of the ball, in [0, 1); 0 gives the mean.
      rescale: The divisor of ``d``. The authors' code divides by ``1+c^2`` or ``1+c`` and then
        multiplies by T. LibMTL divides by ``1+c^2``. TorchJD and the paper do not divide.

    Raises:
      ValueError: An option is out of range.

    >>> method = cagrad(c=0.5)
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].tolist()
    [0.183..., 1.204..., 1.204...]
    """
    check_share('c', c)
    if rescale not in _RESCALES:
        raise ValueError(f'rescale should be one of {_RESCALES}. Found rescale = {rescale!r}.')

    def solve(norms, cosines, *, losses, active):
        radius = jnp.asarray(c, norms.dtype)
        divisor = 1 + {'none': 0, '1+c^2': radius**2, '1+c': radius}[rescale]
        solution = solvers.cagrad(norms, cosines, radius, active)
        mean = active / jnp.maximum(jnp.sum(active), 1)
        return (mean + solution.weights) / divisor, solution.residual

    return from_solver(solve)
