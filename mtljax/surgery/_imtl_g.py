"""Impartial multi-task learning, the gradient part."""

import jax.numpy as jnp

from mtljax import solvers
from mtljax._numeric import divide
from mtljax.surgery._from_gramian import from_cosines
from mtljax.surgery._surgery import Surgery


def imtl_g() -> Surgery:
    """IMTL-G: the update whose projection on every task's gradient has one length.

    ``d = sum_t a_t g_t`` with ``d . g_t/|g_t|`` equal for all t and ``sum_t a_t = 1`` (Liu, Li,
    Kuang, Xue, Chen, Yang, Liao, Zhang, ICLR 2021, https://openreview.net/forum?id=IMPnRXEWpvr).
    For unit rows this is ``C b = 1``. The pseudo-inverse solves it, so that dependent gradients are
    allowed.

    Equal gradients g give ``g``. The weights may be negative, and they are large where gradients
    are nearly opposed. Head gradients are not weighted. The method is not random. Inactive tasks
    and zero gradients are excluded. Where no such d exists (opposed gradients), ``d = 0``. A
    gradient that is not finite makes the update not finite.

    >>> method = imtl_g()
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].tolist()
    [0.076..., 1..., 1...]
    """

    def weigh(norms, cosines, inner, *, losses, active, key):
        usable = norms > 0
        wish = jnp.ones_like(norms)
        # Two unit rows have equal weights, also where they are nearly opposed.
        units = wish if len(norms) == 2 else solvers.equiangular(cosines, wish, usable)
        smallest = jnp.min(jnp.where(usable, norms, jnp.inf))
        weights = units * divide(smallest, norms, usable)
        total = jnp.sum(weights)
        exists = jnp.abs(total) > 1e-12 * jnp.sum(jnp.abs(weights))
        return divide(weights, total, exists), inner

    return from_cosines(weigh, scale='mean')
