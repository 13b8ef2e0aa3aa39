"""Task weights that are computed in every k-th step only."""

import jax
import jax.numpy as jnp

from mtljax.options import check_count
from mtljax.surgery._surgery import Surgery
from mtljax.surgery._wrapped import needs_linear, weights_of, wrapped


def every(method: Surgery, k: int, *, num_tasks: int | None = None) -> Surgery:
    """Compute the task weights of a method in every k-th step only, and reuse them in between.

    A step that reuses the weights costs one backward pass. Under ``vmap`` JAX runs both branches,
    so every step costs as much as a step of the method. The first step computes the weights. The
    weight of a task is 1 until the weights are computed in a step in which the task has a label.
    The other properties of the method do not change. The authors of Nash-MTL call this option
    ``update_weights_every``.

    Args:
      method: A surgery whose update is a sum of the task gradients with the task weights.
      k: The number of steps from one computation of the weights to the next, at least 1.
      num_tasks: The number of tasks. Inside `on_shared` you can omit it.

    Raises:
      ValueError: k is below 1, or the update of the method is not a weighted sum of the task
        gradients. At init, the number of tasks is unknown.

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
