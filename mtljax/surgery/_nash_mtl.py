"""Nash bargaining between the tasks."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax import solvers
from mtljax.options import check_option
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery


def nash_mtl(*, max_norm: ArrayLike | None = 1.0) -> Surgery:
    """Nash-MTL: the bargaining solution, in which no task can gain more than others lose.

    ``d = sum_t a_t g_t`` with ``G a = 1 / a``, ``a > 0`` (Navon, Shamsian, Achituve, Maron,
    Kawaguchi, Chechik, Fetaya, ICML 2022, https://arxiv.org/abs/2202.01017). The equations are
    solved to rounding by Newton's method, in closed form for two tasks; the authors' code takes 20
    linearised steps on the host, and falls back to its last weights where its solver fails.

    The length does not depend on that of the gradients: ``|d|^2 = T`` before ``max_norm``. Equal
    gradients g give ``g / |g|`` (``sqrt(T) g / |g|`` with no limit). Head gradients: weighted by a.
    Nothing is random. Inactive tasks and zero gradients are excluded (the head of the latter has
    the mean of the other weights). Dependent gradients
    need not have a solution: the method then is that of cosines whose eigenvalues are raised to
    1e-8 (float32: 1e-6 T), and tends to 0. A gradient that is not finite makes the update not
    finite. `every` solves every k steps only.

    Args:
      max_norm: a longer d, and a with it, is scaled down to this length; None for no limit. The
        authors' code and LibMTL leave the weights of the heads unscaled.

    Raises:
      ValueError: max_norm is not above 0.

    >>> method = nash_mtl(max_norm=None)
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].tolist()
    [0.076..., 0.998..., 0.998...]
    """
    if max_norm is not None:
        check_option('max_norm', max_norm, 'a finite number > 0', lambda found: found > 0)

    def solve(norms, cosines, *, losses, active):
        weights, residual = solvers.nash(norms, cosines, active)
        if max_norm is None:
            return weights, residual
        units = weights * norms
        length = jnp.sqrt(jnp.maximum(units @ cosines @ units, 0))
        shorter = jnp.minimum(1, max_norm / jnp.where(length > 0, length, 1))
        return weights * shorter, residual

    return from_solver(solve, weighs_heads=True, scale='own')
