"""FairGrad: a fair share of the improvement for every task."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax import solvers
from mtljax.options import check_positive
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery


def fairgrad(alpha: ArrayLike = 1.0) -> Surgery:
    """FairGrad: divide the improvement fairly among the tasks.

    The update is ``d = sum_t w_t g_t``, where ``g_t`` is the gradient of task t. The weights solve
    ``G w = w^(-1/alpha)`` with ``w > 0``, where G is the matrix of the dot products ``g_t . g_s``
    (Ban and Ji, ICML 2024, https://arxiv.org/abs/2402.15638). Among all updates of the same length
    that improve every task, d has the greatest alpha-fair utility
    ``sum_t (g_t . d)^(1 - alpha) / (1 - alpha)``. With ``alpha = 1``, the terms of this sum are
    ``log(g_t . d)``, and the equations are those of `nash_mtl`. A larger alpha gives more to the
    task whose loss falls least. Newton's method solves the equations up to rounding.

    If all T task gradients equal g, the update is ``(T |g|^2)^(-alpha / (1 + alpha)) T g``. If all
    gradients become s times as long, the update becomes ``s^((1 - alpha) / (1 + alpha))`` times as
    long. If `on_shared` applies the method to the shared parameters, the gradient of the head of
    task t is by default also multiplied by ``w_t``, as in the library LibMTL. The authors' code
    does not change this gradient. Zero gradients and tasks without a label in the batch are left
    out of the equations. A task with a label and a zero gradient gets the mean of the other
    weights, which matters only for its head. For linearly dependent gradients, see `nash_mtl`. The
    method is deterministic. If a task gradient is not finite, the update is not finite.

    Args:
      alpha: The exponent of the fairness, above 0. The default in the authors' code is 1, and its
        experiments use 2.

    Raises:
      ValueError: ``alpha`` is not above 0.

    >>> method = fairgrad(2.0)
    >>> updates = {'w': jnp.array([[1.0, 0.0], [0.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].round(3).tolist()
    [1.0, 0.63...]
    """
    check_positive('alpha', alpha)

    def solve(norms, cosines, *, losses, active):
        return solvers.fairgrad(norms, cosines, jnp.asarray(alpha, norms.dtype), active)

    return from_solver(solve, weighs_heads=True, scale='own')
