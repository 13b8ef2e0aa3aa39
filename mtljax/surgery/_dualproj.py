"""Projection of the mean gradient."""

import jax.numpy as jnp

from mtljax import solvers
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery


def dualproj() -> Surgery:
    """DualProj: the mean gradient, projected on the cone that conflicts with no task.

    ``d = P(1/|A| sum_t g_t)``, P the projection on ``{d: g_s . d >= 0 for all s}`` (the projection
    of gradient episodic memory: Lopez-Paz and Ranzato, NeurIPS 2017,
    https://arxiv.org/abs/1706.08840), in closed form for two tasks.

    Equal gradients g give ``g``. Head gradients are not weighted. The method is not random.
    Inactive tasks are excluded. A zero gradient counts in the mean and conflicts with no task. A
    gradient that is not finite makes the update not finite. `with_preference` projects a weighted
    mean.

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
