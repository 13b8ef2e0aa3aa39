"""Unconflicting projection of gradients."""

import jax.numpy as jnp

from mtljax import solvers
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery


def upgrad() -> Surgery:
    """UPGrad: project each gradient on the cone that conflicts with no task, and take the mean.

    ``d = 1/|A| sum_t P(g_t)``, P the projection on ``{d: g_s . d >= 0 for all s}`` (Quinton and
    Rey, 2024, https://arxiv.org/abs/2406.16232). All projections are solved at once, in closed form
    for two tasks. TorchJD adds 1e-4 to the normalised Gramian, which changes the fourth digit.

    Equal gradients g give ``g``. Head gradients are not weighted. The method is not random.
    Inactive tasks are excluded. A zero gradient counts in the mean and conflicts with no task. A
    gradient that is not finite makes the update not finite. `with_preference` gives the weighted
    form.

    >>> method = upgrad()
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].tolist()
    [0.292..., 1.900..., 1.900...]
    """

    def solve(norms, cosines, *, losses, active):
        targets = jnp.diag(active / jnp.maximum(jnp.sum(active), 1)).astype(norms.dtype)
        solution = solvers.dual_cone(targets, norms, cosines, active)
        return solution.weights.sum(axis=0), solution.residual

    return from_solver(solve)
