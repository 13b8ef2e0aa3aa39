"""MetaBalance: scale the gradients of auxiliary tasks to the size of the target task's gradient."""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from mtljax._numeric import divisor
from mtljax.base import PyTree
from mtljax.gradients import Stacked
from mtljax.options import check_count, check_fraction
from mtljax.surgery._inputs import known_tasks
from mtljax.surgery._rows import spread, without_inactive
from mtljax.surgery._surgery import Surgery, Traits, transform

_WHICH = ('larger', 'smaller', 'all')


class MetaBalanceState(NamedTuple):
    """The state of `metabalance`.

    Attributes:
      norms: For each parameter array, the running means of the norms of the task gradients, in
        leaves ``[T]`` for T tasks. They are 0 at first.
      count: The number of steps in which each task had a label.
    """

    norms: PyTree
    count: Int[Array, 'T']


def metabalance(
    *,
    target: int = 0,
    relax: float = 0.7,
    beta: float = 0.9,
    which: Literal['larger', 'smaller', 'all'] = 'larger',
    num_tasks: int | None = None,
) -> Surgery:
    """MetaBalance: scale the gradients of auxiliary tasks to the size of the target's gradient.

    One task is the target, and all other tasks are auxiliary. Each parameter array is treated
    separately. For one array, let ``g_t`` be the gradient of task t, and ``m_t`` the running mean
    of its norm, ``m_t = beta m_t + (1 - beta) |g_t|``, with bias correction as in Adam. The
    gradient of an auxiliary task is multiplied by ``relax m_target / m_t + 1 - relax``. By default
    this is done only if ``m_t`` is larger than ``m_target``. The update is the sum of all gradients
    (He, Feng, Cheng, Ji, Guo, Caverlee, WWW 2022, https://arxiv.org/abs/2203.06801).

    If all T task gradients equal g, the update is ``T g``. If `on_shared` applies the method to the
    shared parameters, each head gets by default the gradient of its own loss, without a weight. A
    task without a label in the batch adds nothing, and its running means do not change. No gradient
    is scaled before the target task has had a gradient. A zero gradient adds nothing. The method is
    deterministic. If a task gradient is not finite in one array, this and all later updates of this
    array are not finite.

    Args:
      target: The index of the target task, in the order of the heads.
      relax: How much the gradients are scaled, from 0 (not at all) to 1 (to the norm of the
        target's gradient). The default is the same as in the library torch-rechub.
      beta: The decay of the running means, in [0, 1]. The default is the same as in torch-rechub.
      which: The auxiliary gradients that are scaled. ``'larger'`` scales only gradients that are
        larger than the gradient of the target (strategy A of the paper), ``'smaller'`` scales only
        smaller gradients (strategy B), and ``'all'`` scales all auxiliary gradients (strategy C).
      num_tasks: The number of tasks T. You can omit it if the method is used in `on_shared`.

    Raises:
      ValueError: An option is out of range.

    >>> method = metabalance(relax=1.0, num_tasks=2)
    >>> updates = {'w': jnp.array([[1.0, 0.0], [0.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [1.0, 1.0]
    """
    check_count('target', target, 0)
    for name, value in (('relax', relax), ('beta', beta)):
        check_fraction(name, value)
    if which not in _WHICH:
        raise ValueError(f'which should be one of {_WHICH}. Found which = {which!r}.')

    def init(params, num_tasks):
        tasks = known_tasks(num_tasks)
        if target not in range(tasks):
            raise ValueError(
                f'target should be the index of a task, below {tasks}. Found target = {target}.'
            )
        norms = jax.tree.map(lambda _: jnp.zeros(tasks), params)
        return MetaBalanceState(norms, jnp.zeros(tasks, jnp.int32))

    def factors(norms):
        goal = norms[target]
        ratio = goal / divisor(norms)
        chosen = {'larger': norms > goal, 'smaller': norms < goal, 'all': norms == norms}[which]
        chosen &= (goal > 0) & (norms > 0) & (jnp.arange(norms.size) != target)
        finite = jnp.isfinite(norms) & jnp.isfinite(goal)
        return jnp.where(finite, jnp.where(chosen, relax * ratio + 1 - relax, 1), jnp.nan)

    def combine(jacobian, inner, *, losses, active, key):
        rows = without_inactive(jacobian, active).stacked()
        count = inner.count + active
        # Without this, a task that joins late would look small until its mean has grown.
        unbiased = 1 / divisor(1 - beta ** count.astype(jnp.result_type(float)), count > 0)

        def average(old, leaf):
            norms = Stacked(leaf, active.size).normalised()[0].astype(old.dtype)
            return jnp.where(active, beta * old + (1 - beta) * norms, old)

        def total(leaf, norms):
            scaled = spread(factors(unbiased * norms), leaf) * leaf
            return jnp.sum(scaled, axis=0).astype(leaf.dtype)

        norms = jax.tree.map(average, inner.norms, rows)
        updates = jax.tree.map(total, rows, norms)
        return updates, active.astype(jnp.float32), MetaBalanceState(norms, count)

    return transform(combine, init, num_tasks=num_tasks, traits=Traits(scale='sum', linear=False))
