"""GradNorm: weights that learn to balance the norms of the gradients."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from mtljax.base import Array, PyTree
from mtljax.options import check_option
from mtljax.surgery._from_gramian import from_cosines
from mtljax.surgery._inputs import known_tasks
from mtljax.surgery._surgery import Surgery


class GradNormState(NamedTuple):
    """The state of `gradnorm`.

    Attributes:
      logits: of the weights, ``w = |A| softmax(logits)`` over the active tasks, ``[T]``.
      opt_state: of their optimiser.
      first: the first loss of each task, ``[T]``.
      seen: whether a task has had a loss, ``[T]``.
    """

    logits: Array
    opt_state: PyTree
    first: Array
    seen: Array


def gradnorm(
    alpha: ArrayLike = 1.5,
    *,
    optimizer: optax.GradientTransformation | None = None,
    num_tasks: int | None = None,
) -> Surgery:
    """GradNorm: tasks that train slowly get gradients of greater norm.

    ``d = sum_t w_t g_t``; the weights descend ``sum_t |w_t |g_t| - G r_t^alpha|`` with G the mean
    of ``w_t |g_t|`` and ``r_t = (L_t / L_t(0)) / mean_s (L_s / L_s(0))``, both constants (Chen,
    Badrinarayanan, Lee, Rabinovich, ICML 2018, https://arxiv.org/abs/1711.02257). Weights are
    ``|A| softmax(z)``: positive, with the paper's sum. The objective is taken relative to G, so
    that the size of the gradients is no learning rate. A step uses the weights from before its own
    change. Norms are those of all parameters that it is given; the paper takes the last shared
    layer's.

    Equal gradients g give ``T g`` (at first, and as long as losses fall alike). Head gradients:
    weighted by w. Nothing is random. Inactive tasks are excluded, and their z gets no gradient (the
    optimiser's momentum still acts on it); a zero gradient has norm 0; one that is not finite makes
    this and later updates not finite. Losses must be positive.

    Args:
      alpha: the strength of the pull towards one training rate; 1.5 is LibMTL's.
      optimizer: of z; ``optax.adam(0.025)`` when None.
      num_tasks: T, where it stands alone.

    Raises:
      ValueError: alpha is not finite, or optimizer is none; at update, no losses.

    >>> method = gradnorm(num_tasks=2)
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> state = method.init({'w': jnp.zeros(2)})
    >>> method.update(updates, state, losses=jnp.ones(2))[0]['w'].tolist()
    [4.0, 6.0]
    """
    check_option('alpha', alpha, 'a finite number')
    tx = optax.adam(0.025) if optimizer is None else optimizer
    if not isinstance(tx, optax.GradientTransformation):
        raise ValueError(f'optimizer should be one of optax. Found optimizer = {optimizer!r}.')

    def init(num_tasks):
        tasks = known_tasks(num_tasks)
        logits = jnp.zeros(tasks)
        return GradNormState(logits, tx.init(logits), jnp.ones(tasks), jnp.zeros(tasks, bool))

    def weigh(norms, cosines, inner, *, losses, active, key):
        if losses is None:
            raise ValueError('gradnorm compares losses: pass losses=[T] to update.')
        dtype = inner.logits.dtype
        losses = jnp.where(active, losses, 1).astype(dtype)
        first = jnp.where(active & ~inner.seen, losses, inner.first)
        pace = jnp.where(active, losses / jnp.where(active, first, 1), 0)
        count = jnp.maximum(jnp.sum(active), 1)
        rate = jnp.where(active, pace / (jnp.sum(pace) / count), 1) ** alpha
        lengths = norms.astype(dtype) / jnp.maximum(jnp.max(norms), jnp.finfo(dtype).tiny)

        def weights(logits):
            return count * jax.nn.softmax(logits, where=active)

        def distance(logits):
            scaled = weights(logits) * lengths
            mean = jax.lax.stop_gradient(jnp.sum(scaled) / count)
            relative = scaled / jnp.where(mean > 0, mean, 1)
            return jnp.sum(jnp.where(active, jnp.abs(relative - rate), 0)) * (mean > 0)

        slope = jax.grad(distance)(inner.logits)
        change, opt_state = tx.update(slope, inner.opt_state, inner.logits)
        logits = jnp.asarray(optax.apply_updates(inner.logits, change))
        after = GradNormState(logits, opt_state, first, inner.seen | active)
        return weights(inner.logits).astype(norms.dtype), after

    return from_cosines(weigh, init, num_tasks=num_tasks, weighs_heads=True, scale='sum')
