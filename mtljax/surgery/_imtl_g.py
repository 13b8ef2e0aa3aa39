"""IMTL-G: the gradient part of impartial multi-task learning."""

import jax.numpy as jnp

from mtljax import solvers
from mtljax._numeric import divide
from mtljax.surgery._from_gramian import from_cosines
from mtljax.surgery._surgery import Surgery


def imtl_g() -> Surgery:
    """IMTL-G: the projections of the update on all task gradients are equally long.

    The update is ``d = sum_t a_t g_t`` with ``sum_t a_t = 1``, where ``g_t`` is the gradient of
    task t. The weights ``a_t`` are chosen so that ``d . g_t/|g_t|`` is equal for all tasks (Liu,
    Li, Kuang, Xue, Chen, Yang, Liao, Zhang, ICLR 2021,
    https://openreview.net/forum?id=IMPnRXEWpvr). The equations are solved by the pseudo-inverse of
    the matrix of the cosines between the gradients. For linearly dependent gradients this gives the
    least-squares solution.

    If every task gradient equals g, the update is ``g``. The weights may be negative, and they are
    large if gradients point in nearly opposite directions. For two tasks with exactly opposite
    gradients, d is 0. If `on_shared` applies the method to the shared parameters, each head gets by
    default the gradient of its own loss, without a weight. Zero gradients and tasks without a label
    in the batch are left out. The method is deterministic. If a task gradient is not finite, the
    update is not finite.

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
