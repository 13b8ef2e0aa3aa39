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
    """STCH: minimise a smooth maximum of the losses, the smooth Tchebycheff scalarisation.

    The maximum is ``max_t lambda_t (L_t - z_t)``. Here ``L_t`` is the loss of task t, ``lambda_t``
    is its preference, and ``z_t`` is a value that the loss could reach. The smooth maximum is
    ``mu log sum_t exp(lambda_t (L_t - z_t) / mu)``. Its gradient has the weights
    ``w = lambda * softmax(lambda (L - z) / mu)`` (Lin, Zhang, Yang, Liu, Wang, Zhang, ICML 2024,
    https://arxiv.org/abs/2402.19078). The worst task gets the largest weight, and the whole weight
    as mu goes to 0. If the losses have different units, make them comparable by `chain` or
    ``preference``.

    The weights sum to a weighted mean of the preferences, which is ``1/n`` by default for n tasks
    with a label in the batch. A task without a label gets weight 0 and is left out of the softmax.
    The losses may have any sign, because only their distance to z counts.

    Args:
      preference: The numbers lambda, one per task. They are not normalised. The default is ``1/n``.
        Code that takes 1 for each task has weights n times as large, and needs a smoothing n times
        as large for the same softmax.
      smoothing: The number mu, in units of ``lambda L``. Published code starts from 1.
      ideal: The values z that the losses could reach: one number, or one per task. Use 0 for losses
        that can fall to 0.

    Raises:
      ValueError: An option is out of range. In ``init``, an option does not have one value per
        task.

    >>> weighting = stch([0.5, 0.5], smoothing=0.1)
    >>> weighting.update(jnp.array([0.5, 2.0]), weighting.init(2))[0].tolist()
    [0.0002..., 0.499...]
    """
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
