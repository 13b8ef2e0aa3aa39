"""FAMO: equal rates of improvement, without the gradient of every task."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mtljax.base import Weighting
from mtljax.options import PerTask, check_not_negative, check_one_per_task, check_option
from mtljax.weighting._active import clean, over_active, positive
from mtljax.weighting._learned import Learned, descend, optimizer_or_adam


class FamoState(NamedTuple):
    """The state of `famo`.

    Attributes:
      logits: The trained logits xi, ``[T]``, and the state of their optimizer.
      log_gap: The logarithms of ``D_t`` (see `famo`) in the last batch, before the step, ``[T]``.
        They are 0 for tasks without a label in that batch.
    """

    logits: Learned
    log_gap: Float[Array, 'T']


def famo(
    *,
    optimizer: optax.GradientTransformation | None = None,
    weight_decay: ArrayLike = 1e-3,
    min_losses: PerTask = 0.0,
) -> Weighting:
    """FAMO: train weights so that the logarithms of all losses fall equally fast.

    Let ``L_t`` be the loss of task t, and ``D_t = L_t - m_t + 1e-8`` its distance from the lower
    bound ``m_t``, which ``min_losses`` sets. The method trains one logit per task, the vector xi.
    With ``z = softmax(xi)``, the weights are ``w_t = c z_t / D_t``, where
    ``c = 1 / sum_t (z_t / D_t)`` makes their sum 1. So the weighted gradient is proportional to the
    gradient of ``sum_t z_t log D_t``.

    After the step, the losses are computed again on the same batch. For each task, ``delta_t`` is
    the logarithm of ``D_t`` before the step minus the logarithm after the step. The optimizer of xi
    receives the gradient ``J^T delta + gamma xi``, where J is the Jacobian of the softmax and gamma
    is ``weight_decay``. So the weight of a task becomes smaller if its loss fell more than the
    other losses (Liu, Feng, Stone, Liu, NeurIPS 2023, https://arxiv.org/abs/2306.03792). The method
    costs one additional forward pass per step, for any number of tasks.

    `training.train_step` passes the new losses to the function ``observe`` of this weighting. In a
    training loop of your own, call ``observe`` after every step.

    The weights sum to 1. A task without a label in the batch gets weight 0 and is left out of the
    softmax. Its logit gets neither gradient nor decay, but the momentum of the optimizer may still
    change the logit. If some ``D_t`` is not positive, before or after the step, all weights are
    NaN. So a loss that can be negative needs a lower bound in ``min_losses``.

    Args:
      optimizer: The optimizer of xi. None means ``optax.adam(0.025)``, as in the authors' code.
      weight_decay: The weight decay gamma of xi. The authors use 1e-3 on most data sets.
      min_losses: Lower bounds of the losses. Pass one number, or one number per task.

    Raises:
      ValueError: ``weight_decay`` is negative, a lower bound is not finite, or ``optimizer`` is not
        an optax optimizer. ``init`` also raises this error if the number of lower bounds is
        neither 1 nor the number of tasks.

    >>> weighting = famo(optimizer=optax.sgd(1.0), weight_decay=0.0)
    >>> weights, state = weighting.update(jnp.array([1.0, 2.0]), weighting.init(2))
    >>> weights.tolist()
    [0.666..., 0.333...]
    >>> state = weighting.observe(jnp.array([1.0, 1.0]), state)
    >>> state.logits.value.tolist()
    [0.173..., -0.173...]
    """
    tx = optimizer_or_adam(optimizer)
    check_not_negative('weight_decay', weight_decay)
    check_option('min_losses', min_losses, 'one finite number, or T of them', ndim=1)

    def init(num_tasks):
        check_one_per_task('min_losses', min_losses, num_tasks, or_one=True)
        xi = jnp.zeros(num_tasks)
        return FamoState(Learned(xi, tx.init(xi)), jnp.zeros(num_tasks))

    @over_active
    def update(losses, state, *, active, key):
        before = _log_gap(losses, min_losses, active)
        # c z / D is the softmax of xi - log D, which works for a D of any size.
        weights = jax.nn.softmax(state.logits.value - before, where=active)
        return weights, state._replace(log_gap=before)

    def observe(losses_after, state, *, active=None):
        losses, active = clean(losses_after, active)
        fall = state.log_gap - _log_gap(losses, min_losses, active)
        xi = state.logits.value
        z = jax.nn.softmax(xi, where=active)
        gradient = z * (fall - jnp.sum(z * fall)) + weight_decay * xi
        return state._replace(logits=descend(tx, state.logits, gradient, active))

    return Weighting(init, update, observe)


def _log_gap(losses: Array, min_losses: PerTask, active: Array) -> Array:
    gap = losses - jnp.asarray(min_losses, losses.dtype) + 1e-8
    return jnp.log(positive(jnp.where(active, gap, 1)))
