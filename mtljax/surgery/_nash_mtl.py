"""Nash bargaining between the tasks."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax import solvers
from mtljax._numeric import divisor
from mtljax.options import check_positive
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery


def nash_mtl(*, max_norm: ArrayLike | None = 1.0) -> Surgery:
    """Nash-MTL: the bargaining solution, in which no task can gain more than others lose.

    ``d = sum_t a_t g_t`` with ``G a = 1 / a``, ``a > 0`` (Navon, Shamsian, Achituve, Maron,
    Kawaguchi, Chechik, Fetaya, ICML 2022, https://arxiv.org/abs/2202.01017). The equations are
    solved to rounding by Newton's method, in closed form for two tasks; the authors' code takes 20
    linearised steps on the host, and falls back to its last weights where its solver fails.

    The length of d does not depend on the length of the gradients: ``|d|^2 = T`` before
    ``max_norm``. Equal gradients g give ``g / |g|`` (``sqrt(T) g / |g|`` with no limit). Head
    gradients are weighted by a. The method is not random. Inactive tasks and zero gradients are
    excluded; the head of a zero gradient gets the mean of the other weights. Dependent gradients
    may have no solution. The eigenvalues of the cosines are then raised to 1e-8 (float32: 1e-6 T),
    and the update tends to 0. A gradient that is not finite makes the update not finite. With
    `every` the equations are solved only every k steps.

    Args:
      max_norm: The greatest length of d; None for no limit. A longer d is scaled down to it, and a
        with it. The authors' code and LibMTL do not scale the weights of the heads.

    Raises:
      ValueError: max_norm is not above 0.

    >>> method = nash_mtl(max_norm=None)
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].tolist()
    [0.076..., 0.998..., 0.998...]
    """
    if max_norm is not None:
        check_positive('max_norm', max_norm)

    def solve(norms, cosines, *, losses, active):
        weights, residual = solvers.nash(norms, cosines, active)
        if max_norm is None:
            return weights, residual
        units = weights * norms
        length = jnp.sqrt(jnp.maximum(units @ cosines @ units, 0))
        shorter = jnp.minimum(1, max_norm / divisor(length))
        return weights * shorter, residual

    return from_solver(solve, weighs_heads=True, scale='own')
