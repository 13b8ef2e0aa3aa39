"""Fair resource allocation between the tasks."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax import solvers
from mtljax.options import check_option
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery


def fairgrad(alpha: ArrayLike = 1.0) -> Surgery:
    """FairGrad: the update of greatest alpha-fair utility.

    ``d = sum_t w_t g_t`` with ``G w = w^(-1/alpha)``, ``w > 0`` (Ban and Ji, ICML 2024,
    https://arxiv.org/abs/2402.15638). ``alpha = 1`` is Nash-MTL; a larger one helps the task that
    gains least. Solved to rounding by Newton's method.

    Gradients s times as long give an update ``s^((1 - alpha) / (1 + alpha))`` times as long;
    equal gradients g give ``(T |g|^2)^(-alpha / (1 + alpha)) T g``. Head gradients: weighted by w
    (LibMTL does too, the authors' code does not). Nothing is random. Inactive tasks, zero and
    dependent gradients: as `nash_mtl`. A gradient that is not finite makes the update not finite.

    Args:
      alpha: above 0. The authors' code has 1 as default and runs its experiments with 2.

    Raises:
      ValueError: alpha is not above 0.

    >>> method = fairgrad(2.0)
    >>> updates = {'w': jnp.array([[1.0, 0.0], [0.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].round(3).tolist()
    [1.0, 0.63...]
    """
    check_option('alpha', alpha, 'a finite number > 0', lambda found: found > 0)

    def solve(norms, cosines, *, losses, active):
        return solvers.fairgrad(norms, cosines, jnp.asarray(alpha, norms.dtype), active)

    return from_solver(solve, weighs_heads=True, scale='own')
