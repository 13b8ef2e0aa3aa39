"""Multiple-gradient descent: the least point of the convex hull."""

from typing import Literal

import jax.numpy as jnp

from mtljax import solvers
from mtljax._numeric import divisor
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery

_NORMALISERS = ('none', 'l2', 'loss', 'loss+')


def mgda(*, normalise: Literal['none', 'l2', 'loss', 'loss+'] = 'none') -> Surgery:
    """MGDA: the common descent direction of least norm.

    ``d = sum_t w_t g_t``, ``w = argmin |sum_t w_t g_t / c_t|^2`` over ``w >= 0, sum_t w_t = 1``
    (Desideri, Comptes Rendus Mathematique 2012; Sener and Koltun, NeurIPS 2018,
    https://arxiv.org/abs/1810.04650). Solved to optimality, in closed form for two tasks; the
    authors' code stops after 250 steps, and keeps two-task weights in [0.001, 0.999].

    Equal gradients g give ``g``. Head gradients are not weighted. The method is not random.
    Inactive tasks are excluded. With a zero gradient ``d = 0``, since 0 is the least point. A
    gradient that is not finite makes the update not finite.

    Args:
      normalise: The divisor c: 1, the norm (``'l2'``), the loss, or norm times loss (``'loss+'``).
        The weights apply to the gradients without c, as in the authors' code. Losses must be
        positive: a loss that is not positive makes the update not finite.

    Raises:
      ValueError: The normaliser is unknown; at update, the losses are needed and missing.

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
