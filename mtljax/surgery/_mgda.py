"""Multiple-gradient descent: the least point of the convex hull."""

from typing import Literal

import jax.numpy as jnp

from mtljax import solvers
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery

_NORMALISERS = ('none', 'l2', 'loss', 'loss+')


def mgda(*, normalise: Literal['none', 'l2', 'loss', 'loss+'] = 'none') -> Surgery:
    """MGDA: the common descent direction of least norm.

    ``d = sum_t w_t g_t``, ``w = argmin |sum_t w_t g_t / c_t|^2`` over ``w >= 0, sum_t w_t = 1``
    (Desideri, Comptes Rendus Mathematique 2012; Sener and Koltun, NeurIPS 2018,
    https://arxiv.org/abs/1810.04650). Solved to optimality, in closed form for two tasks; the
    authors' code stops after 250 steps, and keeps two-task weights in [0.001, 0.999].

    Equal gradients g give ``g``. Head gradients: plain. Nothing is random. Inactive tasks are
    excluded; a zero gradient is the least point: ``d = 0``; one that is not finite makes the update
    not finite.

    Args:
      normalise: c: 1, the norm (``'l2'``), the loss, or norm times loss (``'loss+'``). The weights
        apply to the gradients as they are, as in the authors' code. Losses must be positive: one
        that is not makes the update not finite.

    Raises:
      ValueError: another normaliser; at update, no losses where they are needed.

    >>> method = mgda()
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].round(3) + 0.0
    Array([0., 1., 1.], dtype=float32)
    """
    if normalise not in _NORMALISERS:
        raise ValueError(f'normalise should be one of {_NORMALISERS}. Found {normalise!r}.')

    def solve(norms, cosines, *, losses, active):
        lengths = norms
        if 'loss' in normalise:
            if losses is None:
                raise ValueError(f'mgda(normalise={normalise!r}) needs losses=[T] at update.')
            losses = jnp.where(losses > 0, losses, jnp.nan)
            losses = jnp.where(active, losses, 1).astype(norms.dtype)
            lengths = lengths / losses
        if normalise in ('l2', 'loss+'):
            lengths = lengths / jnp.where(norms > 0, norms, 1)
        return solvers.min_norm(lengths, cosines, active)

    return from_solver(solve)
