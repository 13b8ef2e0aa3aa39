"""Task weights that stay the same for some steps."""

import jax
import jax.numpy as jnp

from mtljax.options import check_count
from mtljax.surgery._surgery import Surgery
from mtljax.surgery._wrapped import needs_linear, weights_of, wrapped


def every(method: Surgery, k: int, *, num_tasks: int | None = None) -> Surgery:
    """A method that computes new weights in every k-th step, and keeps them in the other steps.

    The other steps cost one backward pass. (Under vmap both branches run, so these steps cost as
    much as a step of the method.) The first step computes weights. A task that was inactive
    whenever weights were computed has weight 1. The scale, the treatment of head gradients and
    the random order are those of the method. Nash-MTL calls this option ``update_weights_every``.

    Args:
      method: A surgery whose update is ``J^T w``.
      k: The number of steps per computation of weights, at least 1.
      num_tasks: T. Needed unless `on_shared`, which knows T, is around the result.

    Raises:
      ValueError: k is below 1, or the update of the method is not a weighted sum; at init, T is
        unknown.

    >>> from mtljax import surgery
    >>> method = every(surgery.mgda(), 2)
    >>> state = method.init({'w': jnp.zeros(1)}, num_tasks=2)
    >>> for rows in ([[1.0], [9.0]], [[9.0], [1.0]]):
    ...     updates, state = method.update({'w': jnp.array(rows)}, state)
    >>> updates['w'].tolist()
    [9.0]
    """
    check_count('k', k, 1)
    needs_linear(method, 'every')

    def start(state):
        return weights_of(state, 'every'), (state, jnp.zeros((), jnp.int32))

    def step(run, jacobian, state, active):
        inner, count = state.inner

        def anew():
            updates, after = run(jacobian, inner)
            weights = jnp.where(active, weights_of(after, 'every'), state.task_weights)
            return updates, weights, after

        def again():
            weights = jnp.where(active, state.task_weights, 0)
            return jacobian.combine(weights), state.task_weights, inner

        updates, weights, inner = jax.lax.cond(count == 0, anew, again)
        return updates, weights, (inner, (count + 1) % k)

    return wrapped(method, start, step, method.traits._replace(rule=None), num_tasks)
