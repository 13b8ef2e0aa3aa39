"""GradNorm: task weights that learn to balance the norms of the gradients."""

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
      logits: The logits z of the task weights. The weights are ``n softmax(z)`` over the n tasks
        that have a label in the batch.
      opt_state: The state of the optimizer of the logits.
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
    """GradNorm: learn task weights that give larger gradients to tasks that train slowly.

    The update is ``d = sum_t w_t g_t``, where ``g_t`` is the gradient of task t. After each update,
    the weights ``w_t`` take one gradient step on the objective
    ``sum_t abs(w_t |g_t| - G r_t^alpha)``. Here G is the mean of ``w_t |g_t|`` over the tasks. The
    rate ``r_t = (L_t / L_t(0)) / mean_s (L_s / L_s(0))`` compares the loss ``L_t`` with its value
    ``L_t(0)`` in the first step. It is above 1 if the loss of task t has fallen less than the mean
    over the tasks. The objective treats G and ``r_t`` as constants (Chen, Badrinarayanan, Lee,
    Rabinovich, ICML 2018, https://arxiv.org/abs/1711.02257).

    The weights are ``T softmax(z)``, where z is a vector of trained logits and T is the number of
    tasks with a label in the batch. The weights are positive and their sum is T, as in the paper.
    Two points differ from the paper:

    - The objective above is also divided by G. The change of z in a step then does not depend on
      the overall size of the task gradients.
    - The norms are taken over all parameters that the method receives. The paper uses only the
      norms of the last shared layer.

    If all T task gradients equal g, the first update is ``T g``. Later updates are ``T g`` too if
    all losses fall by the same factor. If `on_shared` applies the method to the shared parameters,
    the gradient of the head of task t is by default also multiplied by ``w_t``. A task without a
    label in the batch is left out. Its logit gets a zero gradient, but the momentum of the
    optimizer may still change the logit. A task with a zero gradient is not left out. It counts
    with ``|g_t| = 0``. The method is deterministic. If a task gradient is not finite, this update
    and all later ones are not finite. The losses must be positive. If one is not, this update and
    all later ones are NaN.

    Args:
      alpha: The exponent of ``r_t``. With a larger alpha, the weights react more to differences
        between the tasks. The default is the same as in the library LibMTL.
      optimizer: The optimizer of the logits z. None means ``optax.adam(0.025)``.
      num_tasks: The number of all tasks. You can omit it if the method is used in `on_shared`.

    Raises:
      ValueError: ``alpha`` is not finite, ``optimizer`` is not an optax optimizer, or ``update`` is
        called without ``losses``.

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
        losses = jnp.where(active, jnp.where(losses > 0, losses, jnp.nan), 1).astype(dtype)
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
        sound, moved = jnp.isfinite(losses), jnp.asarray(optax.apply_updates(inner.logits, change))
        logits = jnp.where(sound.all(), moved, jnp.nan)
        after = GradNormState(logits, opt_state, first, inner.seen | active)
        return jnp.where(sound, weights(inner.logits), jnp.nan).astype(norms.dtype), after

    return from_cosines(weigh, init, num_tasks=num_tasks, weighs_heads=True, scale='sum')
