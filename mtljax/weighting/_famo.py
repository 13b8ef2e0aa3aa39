"""Equal rates of improvement, without the gradients of the tasks."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from mtljax.base import Array, Weighting
from mtljax.options import PerTask, check_not_negative, check_one_per_task, check_option
from mtljax.weighting._active import clean, over_active, positive
from mtljax.weighting._learned import Learned, descend, own_optimizer


class FamoState(NamedTuple):
    """The state of `famo`.

    Attributes:
      logits: xi, ``[T]``, and the state of its optimiser.
      log_gap: log D of the last batch before its step, ``[T]``; 0 for inactive tasks.
    """

    logits: Learned
    log_gap: Array


def famo(
    *,
    optimizer: optax.GradientTransformation | None = None,
    weight_decay: ArrayLike = 1e-3,
    min_losses: PerTask = 0.0,
) -> Weighting:
    """FAMO: weights under which all logarithms of the losses learn to fall at one rate.

    With ``D = L - min_losses + 1e-8`` and ``z = softmax(xi)``, a step descends
    ``sum_t z_t log D_t``, normalised: ``w_t = c z_t / D_t``, ``c = 1 / sum_t (z_t / D_t)``. After
    it, the losses of the same batch say how far D fell, ``delta = log D - log D_after``, and xi
    descends along ``J^T delta + gamma xi``, J the Jacobian of the softmax: the more a loss fell,
    the less it weighs (Liu, Feng, Stone, Liu, NeurIPS 2023, https://arxiv.org/abs/2306.03792). It
    costs one more forward pass a step, whatever T, and needs ``observe`` after every ``update``.

    Scale: the weights sum to 1, where equal weights sum to T. Inactive tasks get weight 0, the
    softmax is over the active ones, and an inactive task's xi gets neither gradient nor decay; an
    optimiser's momentum may still move it. D must be positive, before and after the step: one that
    is not makes all weights NaN, so a loss that can be negative needs its ``min_losses``.

    Args:
      optimizer: of xi; ``optax.adam(0.025)``, as the authors' code, when left out.
      weight_decay: gamma, added to the gradient. 1e-3 is what the authors run on most data sets.
      min_losses: lower bounds of the losses, a number or ``[T]``.

    Raises:
      ValueError: an option is out of range (in the factory), or not one per task (in ``init``).

    >>> weighting = famo(optimizer=optax.sgd(1.0), weight_decay=0.0)
    >>> weights, state = weighting.update(jnp.array([1.0, 2.0]), weighting.init(2))
    >>> weights.tolist()
    [0.666..., 0.333...]
    >>> state = weighting.observe(jnp.array([1.0, 1.0]), state)
    >>> state.logits.value.tolist()
    [0.173..., -0.173...]
    """
    tx = own_optimizer(optimizer)
    check_not_negative('weight_decay', weight_decay)
    check_option('min_losses', min_losses, 'one finite number, or T of them', ndim=1)

    def init(num_tasks):
        check_one_per_task('min_losses', min_losses, num_tasks, or_one=True)
        xi = jnp.zeros(num_tasks)
        return FamoState(Learned(xi, tx.init(xi)), jnp.zeros(num_tasks))

    @over_active
    def update(losses, state, *, active, key):
        before = _log_gap(losses, min_losses, active)
        # c z / D is the softmax of xi - log D: no D is too small or too large for it
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
