"""A smooth maximum."""

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
    """STCH: the gradient of a smooth ``max_t lambda_t (L_t - z_t)``, the Tchebycheff scalarisation.

    The smooth maximum is ``mu log sum_t exp(lambda_t (L_t - z_t) / mu)``, and its gradient gives
    ``w = lambda * softmax(lambda (L - z) / mu)`` (Lin, Zhang, Yang, Liu, Wang, Zhang, ICML 2024,
    https://arxiv.org/abs/2402.19078). The worst task gets the largest weight; as mu goes to 0 it
    gets the whole weight. The method does not measure the scales of the losses: use `chain` or
    ``preference`` to make them comparable.

    Scale: the weights sum to a mean of the preferences, ``1/T`` by default. Inactive tasks get
    weight 0, and the softmax is over the active tasks. Losses may have any sign; only their
    distance to the ideal counts.

    Args:
      preference: The numbers lambda, one per task, which are not normalised. The default is 1 over
        the number of active tasks. (Code that takes 1 for each task has weights T times as large,
        and a smoothing T times as small.)
      smoothing: The number mu, in units of ``lambda L``. Published code starts from 1.
      ideal: The losses z that could be reached, one number or one per task; 0 suits losses that end
        at 0.

    Raises:
      ValueError: An option is out of range (in the factory), or has not one value per task (in
        ``init``).

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
