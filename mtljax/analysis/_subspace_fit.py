"""Minimise a smooth function of a few numbers."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from mtljax.base import Array

_LEAST = 1e-6  # of the eigenvalues, relative to the largest one


def minimise(loss: Callable[[Array], Array], curvature: Array, steps: int) -> Array:
    """Return a w ``[d]`` with a low loss, from L-BFGS with a line search that starts at 0.

    The search runs in coordinates in which the loss has about the same curvature everywhere. For a
    quadratic loss, its first step is the step to the minimum. The best point is returned, so the
    loss never rises, and a value that is not finite is never returned.

    Args:
      loss: The function to minimise.
      curvature: Its second derivatives at 0, ``[d, d]``, or something similar.
      steps: The number of steps.

    >>> hessian = jnp.diag(jnp.array([1.0, 100.0]))
    >>> target = jnp.array([1.0, -1.0])
    >>> loss = lambda w: 0.5 * (w - target) @ hessian @ (w - target)
    >>> minimise(loss, hessian, 3).round(3).tolist()
    [1.0, -1.0]
    """
    values, vectors = jnp.linalg.eigh(curvature)
    sizes = jnp.maximum(jnp.abs(values), _LEAST * jnp.abs(values).max())
    scale = vectors / jnp.sqrt(jnp.where(sizes > 0, sizes, 1))[None]

    def moved(v):
        return loss(scale @ v)

    tx = optax.lbfgs(scale_init_precond=False)
    value_and_grad = optax.value_and_grad_from_state(moved)

    def step(carry, _):
        v, state, best = carry
        value, grad = value_and_grad(v, state=state)
        best = _better(best, (jnp.asarray(value), v))
        updates, state = tx.update(grad, state, v, value=value, grad=grad, value_fn=moved)
        return (v + updates, state, best), None

    first = jnp.zeros(len(curvature), curvature.dtype)
    start = (first, tx.init(first), (moved(first), first))
    (v, _, best), _ = jax.lax.scan(step, start, length=steps)
    return scale @ _better(best, (moved(v), v))[1]


def _better(one: tuple[Array, Array], other: tuple[Array, Array]) -> tuple[Array, Array]:
    is_lower = other[0] < one[0]
    return jax.tree.map(lambda a, b: jnp.where(is_lower, b, a), one, other)
