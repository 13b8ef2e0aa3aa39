"""GradNorm: weights that learn to balance the norms of the gradients."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mtljax._numeric import divisor
from mtljax.base import PyTree
from mtljax.options import check_option
from mtljax.surgery._from_gramian import from_cosines
from mtljax.surgery._inputs import known_tasks
from mtljax.surgery._surgery import Surgery


class GradNormState(NamedTuple):
    """The state of `gradnorm`.

    Attributes:
      logits: The logits z of the weights, ``w = |A| softmax(z)`` over the active tasks.
      opt_state: The state of the optimiser of the logits.
      first: The first loss of each task.
      seen: Whether each task has had a loss.
    """

    logits: Float[Array, 'T']
    opt_state: PyTree
    first: Float[Array, 'T']
    seen: Bool[Array, 'T']


def gradnorm(
    alpha: ArrayLike = 1.5,
    *,
    optimizer: optax.GradientTransformation | None = None,
    num_tasks: int | None = None,
) -> Surgery:
    """GradNorm: tasks that train slowly get larger gradients.

    ``d = sum_t w_t g_t``; the weights descend ``sum_t |w_t |g_t| - G r_t^alpha|`` with G the mean
    of ``w_t |g_t|`` and ``r_t = (L_t / L_t(0)) / mean_s (L_s / L_s(0))``, both constants (Chen,
    Badrinarayanan, Lee, Rabinovich, ICML 2018, https://arxiv.org/abs/1711.02257). The weights are
    ``|A| softmax(z)``: they are positive and have the sum of the paper. The objective is divided by
    G, so that the size of the gradients does not act as a learning rate. A step uses the weights
    before they change. The norms are taken over all parameters that the method gets; the paper
    takes the last shared layer.

    Equal gradients g give ``T g`` at first, and later if all losses fall alike. Head gradients are
    weighted by w. The method is not random. Inactive tasks are excluded, and their z gets no
    gradient, but the optimiser's momentum still acts on it. A zero gradient has norm 0. A gradient
    that is not finite makes this and later updates not finite. Losses must be positive.

    Args:
      alpha: The strength of the pull towards one training rate. The default is LibMTL's.
      optimizer: The optimiser of z; ``optax.adam(0.025)`` when None.
      num_tasks: T. Needed unless `on_shared`, which knows T, is around the method.

    Raises:
      ValueError: alpha is not finite, or optimizer is not an optax optimizer; at update, the losses
        are missing.

    >>> method = gradnorm(num_tasks=2)
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> state = method.init({'w': jnp.zeros(2)})
    >>> method.update(updates, state, losses=jnp.ones(2))[0]['w'].tolist()
    [4.0, 6.0]
    """
    check_option('alpha', alpha, 'a finite number')
    tx = optax.adam(0.025) if optimizer is None else optimizer
    if not isinstance(tx, optax.GradientTransformation):
        raise ValueError(
            'optimizer should be an optax optimizer, such as optax.adam(0.025). '
            f'Found optimizer = {optimizer!r}.'
        )

    def init(num_tasks):
        tasks = known_tasks(num_tasks)
        logits = jnp.zeros(tasks)
        return GradNormState(logits, tx.init(logits), jnp.ones(tasks), jnp.zeros(tasks, bool))

    def weigh(norms, cosines, inner, *, losses, active, key):
        if losses is None:
            raise ValueError(
                'gradnorm needs the losses at update. Found losses = None. '
                'Pass losses=[T] to update.'
            )
        dtype = inner.logits.dtype
        losses = jnp.where(active, losses, 1).astype(dtype)
        first = jnp.where(active & ~inner.seen, losses, inner.first)
        pace = jnp.where(active, losses / divisor(first, active), 0)
        count = jnp.maximum(jnp.sum(active), 1)
        rate = jnp.where(active, pace / (jnp.sum(pace) / count), 1) ** alpha
        lengths = norms.astype(dtype) / jnp.maximum(jnp.max(norms), jnp.finfo(dtype).tiny)

        def weights(logits):
            return count * jax.nn.softmax(logits, where=active)

        def distance(logits):
            scaled = weights(logits) * lengths
            mean = jax.lax.stop_gradient(jnp.sum(scaled) / count)
            relative = scaled / divisor(mean)
            return jnp.sum(jnp.where(active, jnp.abs(relative - rate), 0)) * (mean > 0)

        slope = jax.grad(distance)(inner.logits)
        change, opt_state = tx.update(slope, inner.opt_state, inner.logits)
        logits = jnp.asarray(optax.apply_updates(inner.logits, change))
        after = GradNormState(logits, opt_state, first, inner.seen | active)
        return weights(inner.logits).astype(norms.dtype), after

    return from_cosines(weigh, init, num_tasks=num_tasks, weighs_heads=True, scale='sum')
