"""Nash-MTL: Nash bargaining between the tasks."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax import solvers
from mtljax._numeric import divisor
from mtljax.options import check_positive
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery


def nash_mtl(*, max_norm: ArrayLike | None = 1.0) -> Surgery:
    """Nash-MTL: the update is the solution of a bargaining game between the tasks.

    The update is ``d = sum_t a_t g_t``, where ``g_t`` is the gradient of task t. The weights solve
    ``G a = 1 / a`` with ``a > 0``, where G is the matrix of the dot products ``g_t . g_s`` (Navon,
    Shamsian, Achituve, Maron, Kawaguchi, Chechik, Fetaya, ICML 2022,
    https://arxiv.org/abs/2202.01017). Among all updates of the same length that improve every task,
    d has the greatest product of the numbers ``g_t . d``, which is the Nash bargaining solution.
    For two tasks there is a closed form. For more tasks, Newton's method solves the equations up to
    rounding. The authors' code instead solves up to 20 linearised problems, one after the other, on
    the CPU. If its solver fails, it keeps the last weights that it found. To solve the equations
    only in every k-th training step, use `every`.

    For T tasks with non-zero gradients, the solution d has the length ``sqrt(T)``, independent of
    the lengths of the gradients. By default, d is then scaled down to the length 1 by ``max_norm``.
    So if every task gradient equals g, the update is ``g / |g|``. If `on_shared` applies the method
    to the shared parameters, the gradient of the head of task t is by default also multiplied by
    ``a_t``. Zero gradients and tasks without a label in the batch are left out of the equations. A
    task with a label and a zero gradient gets the mean of the other weights, which matters only for
    its head. The method is deterministic. If a task gradient is not finite, the update is not
    finite.

    If the gradients are linearly dependent, the equations may have no solution. The solver
    therefore raises small eigenvalues of the matrix of the cosines between the gradients to 1e-8
    (in float32 to 1e-6 times T). If a convex combination of non-zero gradients is 0, the dot
    products of the update with the gradients of this combination are small.

    Args:
      max_norm: The largest length of d. A longer d is scaled down, and so are the weights ``a_t``.
        None means no limit. The authors' code and the library LibMTL do not scale down the weights
        for the heads.

    Raises:
      ValueError: ``max_norm`` is not above 0.

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
