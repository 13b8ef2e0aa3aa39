"""CAGrad: conflict-averse gradient descent."""

from typing import Literal

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax import solvers
from mtljax.options import check_share
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery

_RESCALES = ('none', '1+c^2', '1+c')


def cagrad(c: ArrayLike = 0.5, *, rescale: Literal['none', '1+c^2', '1+c'] = 'none') -> Surgery:
    """CAGrad: search near the mean gradient for the update that helps the worst task most.

    The update d maximises ``min_t g_t . d`` in a ball around the mean gradient ``g_0``:
    ``|d - g_0| <= c |g_0|``. Here ``g_t`` is the gradient of task t (Liu, Liu, Jin, Stone, Liu,
    NeurIPS 2021, https://arxiv.org/abs/2110.14048). The optimal d is computed in closed form for
    two tasks, and by a solver for more. If several d are optimal, the update is the d that is
    nearest to ``g_0``.

    If every task gradient equals g, the update is ``(1 + c) g``, divided by the divisor that
    ``rescale`` chooses. If `on_shared` applies the method to the shared parameters, each head gets
    by default the gradient of its own loss, without a weight. Tasks without a label in the batch
    are left out. A zero gradient counts in ``g_0``, but not in the minimum over tasks. If ``g_0``
    is 0, the update is 0. The method is deterministic. If a task gradient is not finite, the update
    is not finite.

    Args:
      c: The radius of the ball relative to ``|g_0|``, in [0, 1). With 0 the update is the mean
        gradient.
      rescale: The divisor of the update. With ``'none'`` the update is not divided, as in the paper
        and in the library TorchJD. The library LibMTL divides by ``'1+c^2'``. The authors' code
        divides by ``'1+c^2'`` or ``'1+c'`` and then multiplies by the number of tasks.

    Raises:
      ValueError: ``c`` is not in [0, 1), or ``rescale`` is unknown.

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
