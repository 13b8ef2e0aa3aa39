"""DualProj: the mean gradient, projected so that it opposes no task."""

import jax.numpy as jnp

from mtljax import solvers
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery


def dualproj() -> Surgery:
    """DualProj: project the mean gradient so that it opposes no task gradient.

    The update is ``d = P(g_0)``, where ``g_0`` is the mean of the task gradients ``g_t``. P is the
    projection on ``{d: g_t . d >= 0 for all t}``, the cone of updates that oppose no task. Gradient
    episodic memory uses the same projection (Lopez-Paz and Ranzato, NeurIPS 2017,
    https://arxiv.org/abs/1706.08840). For two tasks there is a closed form. To project a weighted
    mean instead, use `with_preference`.

    If every task gradient equals g, the update is ``g``. If `on_shared` applies the method to the
    shared parameters, each head gets by default the gradient of its own loss, without a weight.
    Tasks without a label in the batch are left out. A zero gradient counts in the mean, but it does
    not change the cone. The method is deterministic. If a task gradient is not finite, the update
    is not finite.

    >>> method = dualproj()
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].tolist()
    [0.555..., 1.111..., 1.111...]
    """

    def solve(norms, cosines, *, losses, active):
        mean = (active / jnp.maximum(jnp.sum(active), 1)).astype(norms.dtype)
        solution = solvers.dual_cone(mean[None], norms, cosines, active)
        return solution.weights[0], solution.residual

    return from_solver(solve)
