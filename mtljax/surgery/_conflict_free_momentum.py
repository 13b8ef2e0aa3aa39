"""M-ConFIG: ConFIG on momenta, which needs one task gradient per step."""

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
      rows: The momentum of each task's gradient, in leaves ``[T, ...]`` for T tasks.
      count: How often the momentum of each task was updated.
      last: The step at which the momentum of each task was last updated.
      combined: The first moment that Adam will hold after this step.
    """

    step: Int[Array, '']
    rows: PyTree
    count: Int[Array, 'T']
    last: Int[Array, 'T']
    combined: PyTree


def conflict_free_momentum(
    *, decay: float = 0.9, preference: PerTask | None = None, num_tasks: int | None = None
) -> Surgery:
    """M-ConFIG: update the momentum of one task per step, and combine the momenta of all tasks.

    Each step chooses one task t among the tasks with a label in the batch: the task whose momentum
    was updated least recently. The step computes the gradient ``g_t`` of this task only, and its
    momentum becomes ``m_t = b m_t + (1 - b) g_t`` with the decay b. After bias correction, the
    momentum is ``m_t / (1 - b^n_t)``, where ``n_t`` counts the updates of ``m_t``. The method
    `conflict_free` (ConFIG) then combines the corrected momenta of all tasks into one vector c.
    Tasks that were never updated are left out.

    Put the method before ``optax.adam(lr, b1=decay)``. In the paper, c replaces the first moment of
    Adam (Liu, Chu, Thuerey, ICLR 2025, https://arxiv.org/abs/2408.11104). The update is chosen so
    that optax does the same. Let ``c_k`` be the vector c of step k, and ``M_k = (1 - b^k) c_k``.
    The update of step k is ``(M_k - b M_{k-1}) / (1 - b)``. The bias-corrected first moment of Adam
    with the same decay is then ``c_k``. The authors' code contains its own Adam, and it does not
    change the parameters until it has seen every task.

    A step costs one backward pass for any number of tasks T. The state needs as much memory as T
    gradients.

    If all task gradients equal g, the update is ``T g`` after every task has been updated once. If
    `on_shared` applies the method to the shared parameters, the gradients of the heads are computed
    for all tasks in every step. By default, they are not multiplied by task weights. The method is
    deterministic. If several tasks were updated equally long ago, it chooses the first of them. The
    momentum of a task without a label in the batch does not change, but it is still combined with
    the other momenta. Zero momenta are left out. If a task gradient is not finite, this update and
    all later ones are not finite.

    Args:
      decay: The decay b of the momenta, in [0, 1).
      preference: One number per task. The cosines between c and the momenta are proportional to
        these numbers. None means equal cosines.
      num_tasks: The number of tasks T. You can omit it if the method is used in `on_shared`.

    Raises:
      ValueError: ``decay`` is not in [0, 1), or ``preference`` is not one finite number >= 0 per
        task.

    >>> method = conflict_free_momentum(num_tasks=2)
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> updates, state = method.update(updates, method.init({'w': jnp.zeros(2)}))
    >>> updates['w'].round(3).tolist(), state.inner.count.tolist()
    ([1.0, 2.0], [1, 0])
    """
    check_share('decay', decay)
    if preference is not None:
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
