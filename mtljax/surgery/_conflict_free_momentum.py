"""ConFIG on momenta, at the cost of one task gradient per step."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from mtljax._numeric import divisor
from mtljax.base import PyTree
from mtljax.gradients import Stacked
from mtljax.options import PerTask, check_share, check_weights
from mtljax.surgery._conflict_free import config_weights
from mtljax.surgery._inputs import known_tasks
from mtljax.surgery._rows import as_params, blend, zero_rows
from mtljax.surgery._surgery import Surgery, Traits, transform


class MomentumState(NamedTuple):
    """The state of `conflict_free_momentum`.

    Attributes:
      step: The number of updates so far.
      rows: The momentum of each task's gradient, leaves ``[T, ...]``.
      count: The number of updates of each momentum.
      last: The step at which each momentum was last updated.
      combined: The momentum that Adam will hold after this step.
    """

    step: Int[Array, '']
    rows: PyTree
    count: Int[Array, 'T']
    last: Int[Array, 'T']
    combined: PyTree


def conflict_free_momentum(
    *, decay: float = 0.9, preference: PerTask | None = None, num_tasks: int | None = None
) -> Surgery:
    """M-ConFIG: each step renews one task's momentum, and combines all momenta by ConFIG.

    The active task that has waited longest gets ``m_t = b m_t + (1 - b) g_t``; with
    ``c = ConFIG(m_t / (1 - b^n_t))`` over the tasks seen so far and ``M_k = (1 - b^k) c``, the
    update is ``(M_k - b M_{k-1}) / (1 - b)``: the gradient for which an Adam with the same decay
    has ``c`` as its first moment (Liu, Chu, Thuerey, ICLR 2025, https://arxiv.org/abs/2408.11104).
    It therefore belongs before ``optax.adam(lr, b1=decay)``; the authors' code joins both. A step
    costs one pullback for any T, and the state takes the memory of T gradients. The authors' code
    does not move until it has seen every task; this one combines the tasks seen so far.

    Equal gradients g give ``T g`` once all tasks are seen. Head gradients of all tasks are summed
    and not weighted. The method is not random; ties go to the first task. The momentum of an
    inactive task does not change, and it stays in the combination once it exists. Zero momenta are
    excluded. A gradient that is not finite makes this and later updates not finite.

    Args:
      decay: The decay b of the momenta.
      preference: The vector p of `conflict_free`.
      num_tasks: T. Needed unless `on_shared`, which knows T, is around the method.

    Raises:
      ValueError: An option is out of range.

    >>> method = conflict_free_momentum(num_tasks=2)
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> updates, state = method.update(updates, method.init({'w': jnp.zeros(2)}))
    >>> updates['w'].round(3).tolist(), state.inner.count.tolist()
    ([1.0, 2.0], [1, 0])
    """
    check_share('decay', decay)
    check_weights('preference', preference)

    def init(params, num_tasks):
        tasks = known_tasks(num_tasks)
        count, last = (jnp.zeros(tasks, jnp.int32) for _ in range(2))
        rows = zero_rows(params, tasks)
        combined = jax.tree.map(lambda leaf: leaf[0], rows)
        return MomentumState(jnp.zeros((), jnp.int32), rows, count, last, combined)

    def combine(jacobian, inner, *, losses, active, key):
        tasks, step = jacobian.num_tasks, inner.step + 1
        waits = jnp.where(active, inner.last, jnp.iinfo(jnp.int32).max)
        chosen = (jnp.arange(tasks) == jnp.argmin(waits)) & active
        fresh = jacobian.combine(chosen)
        repeated = jax.tree.map(lambda leaf: leaf[None], fresh)
        rows = blend(inner.rows, repeated, jnp.asarray(1 - decay), chosen)
        count = inner.count + chosen
        unbiased = 1 / divisor(1 - decay ** count.astype(jnp.float32), count > 0)
        momenta = Stacked(rows, tasks).scale(unbiased)
        norms, cosines = momenta.normalised()
        weights = jnp.where(count > 0, config_weights(norms, cosines, preference), 0)
        scale = 1 - decay ** step.astype(norms.dtype)
        combined = jax.tree.map(lambda leaf: scale * leaf, momenta.combine(weights))
        updates = jax.tree.map(
            lambda new, old: (new - decay * old) / (1 - decay), combined, inner.combined
        )
        last = jnp.where(chosen, step, inner.last)
        state = MomentumState(step, rows, count, last, as_params(combined, inner.combined))
        return as_params(updates, fresh), weights, state

    traits = Traits(scale='sum', linear=False)
    return transform(combine, init, num_tasks=num_tasks, traits=traits)
