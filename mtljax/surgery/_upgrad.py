"""UPGrad: unconflicting projection of gradients."""

import jax.numpy as jnp

from mtljax import solvers
from mtljax.surgery._from_gramian import from_solver
from mtljax.surgery._surgery import Surgery


def upgrad() -> Surgery:
    """UPGrad: project each task gradient so that it opposes no task, and average the results.

    The update is the mean of ``P(g_t)`` over the tasks, where ``g_t`` is the gradient of task t. P
    is the projection on ``{d: g_s . d >= 0 for all s}``, the cone of updates that oppose no task
    (Quinton and Rey, 2024, https://arxiv.org/abs/2406.16232). All projections are computed in one
    ``vmap``. For two tasks there is a closed form. The library TorchJD adds 1e-4 to the diagonal of
    the normalised Gramian of the task gradients, which changes the fourth digit of the update. For
    a weighted mean of the projections, use `with_preference`.

    If every task gradient equals g, the update is ``g``. If `on_shared` applies the method to the
    shared parameters, each head gets by default the gradient of its own loss, without a weight.
    Tasks without a label in the batch are left out. A zero gradient counts in the mean, but it does
    not change the cone. The method is deterministic. If a task gradient is not finite, the update
    is not finite.

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
