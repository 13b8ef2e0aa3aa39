"""MetaBalance: auxiliary gradients get the size of the target gradient, tensor by tensor."""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from mtljax._numeric import divisor
from mtljax.base import PyTree
from mtljax.gradients import Stacked
from mtljax.options import check_fraction
from mtljax.surgery._inputs import known_tasks
from mtljax.surgery._rows import spread, without_inactive
from mtljax.surgery._surgery import Surgery, Traits, transform

_WHICH = ('larger', 'smaller', 'all')


class MetaBalanceState(NamedTuple):
    """The state of `metabalance`.

    Attributes:
      norms: The running mean of each task's norm in each tensor, leaves ``[T]``; 0 at first.
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
    """MetaBalance: in every tensor, gradients of auxiliary tasks get the target task's size.

    With the running means ``m_t = beta m_t + (1 - beta) |g_t|`` per tensor, divided by
    ``1 - beta^n`` after n steps with a label, ``g_t`` becomes
    ``(relax m_target / m_t + 1 - relax) g_t``; ``d = sum_t g_t`` (He, Feng, Cheng, Ji, Guo,
    Caverlee, WWW 2022, https://arxiv.org/abs/2203.06801).

    Equal gradients g give ``T g``. Head gradients are not weighted. The method acts on each tensor
    separately. It is not random. Inactive tasks add nothing and keep their means. No gradient
    changes until the target has had a gradient. A zero gradient adds nothing. A gradient that is
    not finite makes this and all later updates of its tensor not finite.

    Args:
      target: The index of the target task, in the order of the heads.
      relax: Between 0 (the plain sum) and 1 (equal sizes). The default is that of torch-rechub.
      beta: The decay of the running means. The default is that of torch-rechub.
      which: The auxiliary gradients that change: those ``'larger'`` than the target's (strategy A
        of the paper), the ``'smaller'`` ones (B) or ``'all'`` (C).
      num_tasks: T. Needed unless `on_shared`, which knows T, is around the method.

    Raises:
      ValueError: An option is out of range.

    >>> method = metabalance(relax=1.0, num_tasks=2)
    >>> updates = {'w': jnp.array([[1.0, 0.0], [0.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [1.0, 1.0]
    """
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
