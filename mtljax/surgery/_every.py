"""Task weights that are reused for some steps."""

import jax
import jax.numpy as jnp

from mtljax.options import check_count
from mtljax.surgery._surgery import Surgery
from mtljax.surgery._wrapped import needs_linear, weights_of, wrapped


def every(method: Surgery, k: int, *, num_tasks: int | None = None) -> Surgery:
    """A method that finds new weights in every k-th step, and uses the last ones in between.

    The steps in between cost one backward pass (under vmap, where both branches run, they cost what
    the method costs). The first step finds weights. A task that has had no weight yet, because it
    was inactive, has weight 1. Scale, head gradients and random order are the method's. Nash-MTL's
    ``update_weights_every`` is this.

    Args:
      method: a surgery whose update is ``J^T w``.
      k: at least 1.
      num_tasks: T, where it stands alone.

    Raises:
      ValueError: k is below 1; the update of the method is no weighted sum; at init, T is unknown.

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
