"""A surgery in which some tasks matter more than others."""

import jax.numpy as jnp

from mtljax.options import PerTask, check_one_per_task, check_weights
from mtljax.surgery._surgery import Surgery
from mtljax.surgery._wrapped import check_inner, scaled_weights, wrapped


def with_preference(method: Surgery, preference: PerTask) -> Surgery:
    """Multiply the task gradients by fixed factors before a surgery.

    Task t gets the factor ``p_t``. The surgery then acts on the gradients of ``p_t L_t``, where
    ``L_t`` is the loss of task t. If the surgery gives task t the weight ``w_t``, the new weight is
    ``p_t w_t``. With factors of 1, nothing changes. TorchJD calls these factors ``pref_vector``.

    Notes on single methods:

    - `upgrad` and `dualproj` project a sum of the gradients. The factors weight this sum. The cone
      on which they project stays the same.
    - `imtl_g`, `nash_mtl` and `conflict_free` ignore the lengths of the gradients, so the direction
      of their update does not change. For another direction, `conflict_free` has the option
      ``preference``. `aligned_mtl` has this option too.
    - A factor of 0 makes the gradient of its task zero. The method treats it as any zero gradient.

    Args:
      method: A surgery.
      preference: The factors, ``[T]`` for T tasks.

    Raises:
      ValueError: A factor is negative or not finite. At update, there is not one factor per
        task.

    >>> from mtljax import surgery
    >>> method = with_preference(surgery.sum(), [1.0, 2.0])
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [7.0, 10.0]
    """
    check_inner(method, 'with_preference')
    check_weights('preference', preference)

    def step(run, jacobian, state, active):
        check_one_per_task('preference', preference, jacobian.num_tasks)
        wish = jnp.asarray(preference, jnp.result_type(float))
        updates, inner = run(jacobian.scale(wish), state.inner)
        return updates, scaled_weights(inner, wish), inner

    traits = method.traits._replace(rule=None)
    return wrapped(method, lambda state: (state.task_weights, state), step, traits)
