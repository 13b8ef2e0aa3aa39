"""Nash-MTL: Nash bargaining between the tasks."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax import solvers
from mtljax._numeric import divisor
from mtljax.options import check_positive
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery


def nash_mtl(*, max_norm: ArrayLike | None = 1.0) -> Surgery:
    """Nash-MTL: the Nash bargaining solution, in which no task can gain more than others lose.

    The update is ``d = sum_t a_t g_t``, where ``g_t`` is the gradient of task t. The weights solve
    ``G a = 1 / a`` with ``a > 0``, where G is the matrix of the dot products ``g_t . g_s`` (Navon,
    Shamsian, Achituve, Maron, Kawaguchi, Chechik, Fetaya, ICML 2022,
    https://arxiv.org/abs/2202.01017). Newton's method solves the equations up to rounding; two
    tasks have a closed form. The authors' code takes 20 linearised steps on the host, and uses its
    last weights if its solver fails. `every` solves the equations only in every k-th step.

    If every task gradient equals g, the update is ``g / |g|``. Without ``max_norm`` it is
    ``sqrt(T) g / |g|`` for T tasks: the length of d is then always ``sqrt(T)``, however long the
    gradients are. The gradients of the heads are weighted by ``a_t`` too (see `on_shared`). Zero
    gradients and tasks without a label in the batch are left out. If the gradient of a labelled
    task is zero, its head gets the mean of the other weights. The method is deterministic. If a
    task gradient is not finite, the update is not finite.

    If the gradients are linearly dependent, the equations may have no solution. The eigenvalues of
    the matrix of cosines are then raised to 1e-8 (in float32 to 1e-6 times T), and the update tends
    to 0.

    Args:
      max_norm: The greatest length of d; None for no limit. If d is longer, d and the weights
        ``a_t`` are scaled down. The authors' code and LibMTL do not scale the weights of the heads.

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
