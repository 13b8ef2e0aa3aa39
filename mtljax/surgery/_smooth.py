"""Task weights that are averaged over steps."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax.options import check_share
from mtljax.surgery._surgery import Surgery
from mtljax.surgery._wrapped import needs_linear, weights_of, wrapped


def smooth(method: Surgery, decay: ArrayLike = 0.9, *, num_tasks: int | None = None) -> Surgery:
    """CR-MOGM: a method with the running mean of its task weights.

    ``d = sum_t l_t g_t``, ``l = decay l + (1 - decay) w`` with w the method's weights (Zhou, Zhang,
    Jiang, Zhong, Gu, Zhu, NeurIPS 2022, https://proceedings.neurips.cc/paper_files/paper/2022/hash/
    f91bd64a3620aad8e70a27ad9cb3ca57-Abstract-Conference.html). A task's mean starts at its first
    weight, and does not change while the task is inactive. The scale, the treatment of head
    gradients (weighted by l, where the method weighs them) and the random order are those of the
    method. A weight that is not finite makes this update not finite and does not enter the mean.

    Args:
      method: A surgery whose update is ``J^T w``.
      decay: The decay of the running mean, in [0, 1). The default is TorchJD's.
      num_tasks: T. Needed unless `on_shared`, which knows T, is around the method.

    Raises:
      ValueError: decay is out of range, or the update of the method is not a weighted sum
        (graddrop, metabalance, trimmed_mean and methods that average gradients over steps); at
        init, T is unknown.

    >>> from mtljax import surgery
    >>> method = smooth(surgery.mgda(), decay=0.5)
    >>> state = method.init({'w': jnp.zeros(1)}, num_tasks=2)
    >>> for rows in ([[1.0], [9.0]], [[9.0], [1.0]]):
    ...     updates, state = method.update({'w': jnp.array(rows)}, state)
    >>> state.task_weights.tolist()
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
