"""Tasks that matter more than others."""

import jax.numpy as jnp

from mtljax.options import PerTask, check_one_per_task, check_weights
from mtljax.surgery._surgery import Surgery
from mtljax.surgery._wrapped import check_inner, scaled_weights, wrapped


def with_preference(method: Surgery, preference: PerTask) -> Surgery:
    """A method on the gradients of ``p_t L_t``: ``method(diag(p) J)``.

    With ``upgrad`` and ``dualproj``, p holds the weights of the sum that is projected; the cone
    does not change. TorchJD calls it ``pref_vector``. Methods that ignore the lengths of the
    gradients keep their direction (imtl_g, nash_mtl, conflict_free); ``aligned_mtl`` and
    ``conflict_free`` have an option ``preference`` instead. The task weights are ``p_t w_t``; heads
    that the method does not weigh are not weighted. Equal gradients g give the update of the method
    for ``p_t g``. The random order and the treatment of inactive and zero rows are those of the
    method (``p_t = 0`` makes a zero row, not an inactive one). A preference of ones changes
    nothing.

    Args:
      method: A surgery.
      preference: The factors p, ``[T]``.

    Raises:
      ValueError: The preference is not finite numbers >= 0; at update, it is not one number per
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
