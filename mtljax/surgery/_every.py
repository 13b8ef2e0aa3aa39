"""Task weights that are computed in every k-th step only."""

import jax
import jax.numpy as jnp

from mtljax.options import check_count
from mtljax.surgery._surgery import Surgery
from mtljax.surgery._wrapped import needs_linear, weights_of, wrapped


def every(method: Surgery, k: int, *, num_tasks: int | None = None) -> Surgery:
    """Compute the task weights of a method in every k-th step only, and reuse them in between.

    The first step computes the weights. A step that reuses the weights needs only one backward
    pass. Under ``vmap`` this saves nothing, because JAX then computes the weights in every step. A
    task has the weight 1 until the weights are first computed in a step in which it has a label.
    The code of the Nash-MTL paper has the same option, with the name ``update_weights_every``.

    Args:
      method: A surgery whose update is ``sum_t w_t g_t``, where ``g_t`` is the gradient of task t
        and ``w_t`` is the weight that the surgery computes for this task.
      k: The weights are computed in steps 1, k + 1, 2k + 1 and so on. k must be at least 1.
      num_tasks: The number of tasks. You can omit it if the method is used in `on_shared`.

    Raises:
      ValueError: ``k`` is below 1, or the update of ``method`` is not such a weighted sum. ``init``
        raises this error if the number of tasks is unknown.

    >>> from mtljax import surgery
    >>> method = every(surgery.mgda(), 2)
    >>> state = method.init({'w': jnp.zeros(1)}, num_tasks=2)
    >>> for rows in ([[1.0], [9.0]], [[9.0], [1.0]]):
    ...     updates, state = method.update({'w': jnp.array(rows)}, state)
    >>> updates['w'].tolist()  # step 2 reuses the weights of step 1, [1, 0]
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
