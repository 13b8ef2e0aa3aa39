"""Fair resource allocation between the tasks."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax import solvers
from mtljax.options import check_positive
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery


def fairgrad(alpha: ArrayLike = 1.0) -> Surgery:
    """FairGrad: the update with the greatest alpha-fair utility.

    ``d = sum_t w_t g_t`` with ``G w = w^(-1/alpha)``, ``w > 0`` (Ban and Ji, ICML 2024,
    https://arxiv.org/abs/2402.15638). ``alpha = 1`` is Nash-MTL; a larger alpha helps the task that
    gains least. Newton's method solves it up to rounding.

    Gradients s times as long give an update ``s^((1 - alpha) / (1 + alpha))`` times as long; equal
    gradients g give ``(T |g|^2)^(-alpha / (1 + alpha)) T g``. Head gradients are weighted by w, as
    in LibMTL but not in the authors' code. The method is not random. Inactive tasks, zero gradients
    and dependent gradients are treated as in `nash_mtl`. A gradient that is not finite makes the
    update not finite.

    Args:
      alpha: The fairness, above 0. The authors' code has the default 1 and uses 2 in its
        experiments.

    Raises:
      ValueError: alpha is not above 0.

    >>> method = fairgrad(2.0)
    >>> updates = {'w': jnp.array([[1.0, 0.0], [0.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].round(3).tolist()
    [1.0, 0.63...]
    """
    check_positive('alpha', alpha)

    def solve(norms, cosines, *, losses, active):
        return solvers.fairgrad(norms, cosines, jnp.asarray(alpha, norms.dtype), active)

    return from_solver(solve, weighs_heads=True, scale='own')
