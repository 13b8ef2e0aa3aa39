"""STCH: a smooth maximum of the losses."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax.base import Weighting
from mtljax.options import PerTask, check_one_per_task, check_option, check_positive, check_weights
from mtljax.weighting._active import over_active


def stch(
    preference: PerTask | None = None,
    *,
    smoothing: ArrayLike = 1.0,
    ideal: PerTask = 0.0,
) -> Weighting:
    """STCH: minimise a smooth maximum of the losses (smooth Tchebycheff scalarisation).

    Let ``L_t`` be the loss of task t, ``lambda_t`` the preference of the task, and ``z_t`` the
    smallest value that the loss could reach. The worst task is the task with the largest
    ``lambda_t (L_t - z_t)``. The maximum of these numbers is replaced by the smooth maximum
    ``mu log sum_t exp(lambda_t (L_t - z_t) / mu)``. Its gradient is the weighted sum of the
    gradients of the losses with the weights ``w = lambda * softmax(lambda (L - z) / mu)`` (Lin,
    Zhang, Yang, Liu, Wang, Zhang, ICML 2024, https://arxiv.org/abs/2402.19078). With equal
    preferences, the worst task gets the largest weight. For mu near 0, all other weights are near
    0. If the losses have different scales, make them comparable with `chain` or with
    ``preference``.

    With the default preferences, the weights sum to ``1/n``, where n is the number of tasks with a
    label in the batch. A task without a label gets weight 0 and is left out of the softmax. The
    losses may have any sign, because only ``L_t - z_t`` matters.

    Args:
      preference: The numbers ``lambda_t``, one per task. They are not normalised. None means
        ``1/n`` for each task. If other code uses the preference 1 for each task and the smoothing
        mu, pass None and ``smoothing=mu/n``. The softmax is then the same, and the weights are
        ``1/n`` times as large.
      smoothing: The number mu, above 0. A smaller mu gives more of the weight to the worst task.
      ideal: The numbers ``z_t``. Pass one number, or one number per task. Use 0 for losses that can
        fall to 0.

    Raises:
      ValueError: An option is out of range. ``init`` also raises this error if the length of an
        option is not the number of tasks.

    >>> weighting = stch([0.5, 0.5], smoothing=0.1)
    >>> weighting.update(jnp.array([0.5, 2.0]), weighting.init(2))[0].tolist()
    [0.0002..., 0.499...]
    """
    if preference is not None:
        check_weights('preference', preference)
    check_positive('smoothing', smoothing)
    check_option('ideal', ideal, 'one finite number, or T of them', ndim=1)

    def init(num_tasks):
        if preference is not None:
            check_one_per_task('preference', preference, num_tasks)
        check_one_per_task('ideal', ideal, num_tasks, or_one=True)
        return ()

    @over_active
    def update(losses, state, *, active, key):
        chosen = 1 / jnp.sum(active) if preference is None else preference
        chosen = jnp.asarray(chosen, losses.dtype)
        distance = losses - jnp.asarray(ideal, losses.dtype)
        return chosen * jax.nn.softmax(chosen * distance / smoothing, where=active), state

    return Weighting(init, update)
