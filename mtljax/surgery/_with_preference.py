"""A surgery in which some tasks matter more than others."""

import jax.numpy as jnp

from mtljax.options import PerTask, check_one_per_task, check_weights
from mtljax.surgery._surgery import Surgery
from mtljax.surgery._wrapped import check_inner, scaled_weights, wrapped


def with_preference(method: Surgery, preference: PerTask) -> Surgery:
    """Multiply the task gradients by fixed factors before a surgery.

    Task t gets the factor ``p_t``. The surgery then acts on the gradients of ``p_t L_t``, where
    ``L_t`` is the loss of task t. If the surgery gives task t the weight ``w_t``, the new weight is
    ``p_t w_t``. With factors of 1, nothing changes. The library TorchJD calls these factors
    ``pref_vector``.

    Some methods react to the factors in a special way:

    - `upgrad` and `dualproj` project vectors on the cone of updates that oppose no task. The
      factors weight these vectors and do not change the cone.
    - The direction of the update of `imtl_g`, `nash_mtl` and `conflict_free` does not depend on the
      lengths of the gradients, so the factors do not change it. To change the direction of
      `conflict_free`, use its option ``preference``. `aligned_mtl` has such an option too.
    - With a factor of 0, the gradient of a task is zero. The method treats it like any zero
      gradient.

    Args:
      method: The surgery that receives the multiplied gradients.
      preference: The factors, ``[T]`` for T tasks.

    Raises:
      ValueError: A factor is negative or not finite, or the number of factors is not the number of
        tasks.

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
