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

    Of ``mu log sum_t exp(lambda_t (L_t - z_t) / mu)``, that is
    ``w = lambda * softmax(lambda (L - z) / mu)`` (Lin, Zhang, Yang, Liu, Wang, Zhang, ICML 2024,
    https://arxiv.org/abs/2402.19078). The worst task gets the largest weight; as mu goes to 0 it
    gets all. Nothing here measures the losses' scales: chain or preference must bring them
    together.

    Scale: the weights sum to a mean of the preferences, ``1/T`` by default. Inactive tasks get
    weight 0, and the softmax is over the active ones. Losses of any sign are welcome; what counts
    is their distance to the ideal.

    Args:
      preference: lambda, ``[T]``, as it is; by default 1 over the number of active tasks (code that
        takes 1 for each has weights T times as large, and a smoothing T times as small).
      smoothing: mu, in units of the preferred losses. 1 is what published code starts from.
      ideal: z, the losses that could be reached, a number or ``[T]``; 0 suits losses that end at 0.

    Raises:
      ValueError: an option is out of range (in the factory), or not one per task (in ``init``).

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
