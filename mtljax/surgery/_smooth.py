"""Task weights that are averaged over steps."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax.options import check_share
from mtljax.surgery._surgery import Surgery
from mtljax.surgery._wrapped import needs_linear, weights_of, wrapped


def smooth(method: Surgery, decay: ArrayLike = 0.9, *, num_tasks: int | None = None) -> Surgery:
    """CR-MOGM: replace the task weights of a surgery by their running means over the steps.

    If the surgery gives task t the weight ``w_t``, the running mean becomes
    ``m_t = decay m_t + (1 - decay) w_t``. The update is ``sum_t m_t g_t``, where ``g_t`` is the
    gradient of task t (Zhou, Zhang, Jiang, Zhong, Gu, Zhu, NeurIPS 2022,
    https://proceedings.neurips.cc/paper_files/paper/2022/hash/f91bd64a3620aad8e70a27ad9cb3ca57-Abstract-Conference.html).

    The first value of ``m_t`` is the first weight of task t. ``m_t`` does not change in steps where
    the task has no label in the batch. If a weight ``w_t`` is not finite, the update of this step
    is not finite, but the running mean stays finite. If `on_shared` multiplies the gradients of the
    heads by the task weights, it uses the running means.

    Args:
      method: A surgery whose update is ``sum_t w_t g_t``.
      decay: The decay of the running mean, in [0, 1). The default is the same as in the library
        TorchJD.
      num_tasks: The number of tasks. You can omit it if the method is used in `on_shared`.

    Raises:
      ValueError: ``decay`` is not in [0, 1), or the update of ``method`` is not ``sum_t w_t g_t``.
        Examples of the second case are `graddrop`, `metabalance`, `trimmed_mean` and methods that
        average gradients over steps. ``init`` raises this error if the number of tasks is unknown.

    >>> from mtljax import surgery
    >>> method = smooth(surgery.mgda(), decay=0.5)
    >>> state = method.init({'w': jnp.zeros(1)}, num_tasks=2)
    >>> for rows in ([[1.0], [9.0]], [[9.0], [1.0]]):
    ...     updates, state = method.update({'w': jnp.array(rows)}, state)
    >>> state.task_weights.tolist()  # the mean of [1, 0] and [0, 1]
    [0.5, 0.5]
    """
    check_share('decay', decay)
    needs_linear(method, 'smooth')

    def start(state):
        weights = weights_of(state, 'smooth')
        return weights, (state, jnp.zeros(weights.shape, bool))

    def step(run, jacobian, state, active):
        jacobian = jacobian.realise()
        inner, seen = state.inner
        _, inner = run(jacobian, inner)
        fresh = weights_of(inner, 'smooth')
        finite = active & jnp.isfinite(fresh)
        weights = _blended(state.task_weights, fresh, seen, finite, decay)
        used = jnp.where(finite, weights, jnp.where(active, fresh, 0))
        return jacobian.combine(used), weights, (inner, seen | finite)

    return wrapped(method, start, step, method.traits._replace(rule=None), num_tasks)


def _blended(before, fresh, seen, finite, decay):
    mixed = (decay * before + (1 - decay) * fresh).astype(before.dtype)
    return jnp.where(finite, jnp.where(seen, mixed, fresh), before)
