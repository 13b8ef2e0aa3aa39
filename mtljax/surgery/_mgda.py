"""MGDA: the shortest vector in the convex hull of the task gradients."""

from typing import Literal

import jax.numpy as jnp

from mtljax import solvers
from mtljax._numeric import divisor
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery

_NORMALISERS = ('none', 'l2', 'loss', 'loss+')


def mgda(*, normalise: Literal['none', 'l2', 'loss', 'loss+'] = 'none') -> Surgery:
    """MGDA: the shortest convex combination of the task gradients.

    The update is ``d = sum_t w_t g_t``, where ``g_t`` is the gradient of task t. The weights
    minimise ``|sum_t w_t g_t / c_t|^2`` over ``w >= 0, sum_t w_t = 1``, where ``c_t`` is 1 by
    default (Desideri, Comptes Rendus Mathematique 2012; Sener and Koltun, NeurIPS 2018,
    https://arxiv.org/abs/1810.04650). With ``c_t = 1``, a small step in the direction -d increases
    the loss of no task. The optimal weights are computed in closed form for two tasks, and by a
    solver for more. The authors' code stops its solver after 250 steps, and keeps the weights of
    two tasks in [0.001, 0.999].

    If every task gradient equals g, the update is ``g``. If `on_shared` applies the method to the
    shared parameters, each head gets by default the gradient of its own loss, without a weight.
    Tasks without a label in the batch are left out. If a gradient is zero, the update is zero too,
    because zero is then the shortest combination. The method is deterministic. If a task gradient
    is not finite, the update is not finite.

    Args:
      normalise: The divisor ``c_t``: 1 (``'none'``), the norm of the gradient (``'l2'``), the loss
        (``'loss'``), or the norm times the loss (``'loss+'``). The divisor affects only the
        weights. The update is the weighted sum of the original gradients, as in the authors' code.
        If ``c_t`` contains a loss that is not positive, the update is not finite.

    Raises:
      ValueError: ``normalise`` is unknown, or ``c_t`` contains a loss and ``update`` is called
        without ``losses``.

    >>> method = mgda()
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].round(3) + 0.0
    Array([0., 1., 1.], dtype=float32)
    """
    if normalise not in _NORMALISERS:
        raise ValueError(
            f'normalise should be one of {_NORMALISERS}. Found normalise = {normalise!r}.'
        )

    def solve(norms, cosines, *, losses, active):
        lengths = norms
        if 'loss' in normalise:
            if losses is None:
                raise ValueError(
                    f'mgda(normalise={normalise!r}) needs the losses at update. '
                    'Found losses = None. Pass losses=[T] to update.'
                )
            losses = jnp.where(losses > 0, losses, jnp.nan)
            losses = jnp.where(active, losses, 1).astype(norms.dtype)
            lengths = lengths / losses
        if normalise in ('l2', 'loss+'):
            lengths = lengths / divisor(norms)
        return solvers.min_norm(lengths, cosines, active)

    return from_solver(solve)
