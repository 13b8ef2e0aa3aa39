"""MetaBalance: auxiliary gradients brought to the size of the target's, tensor by tensor."""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from mtljax.base import Array, PyTree
from mtljax.gradients import Stacked
from mtljax.options import check_option
from mtljax.surgery._inputs import known_tasks
from mtljax.surgery._rows import spread, without_inactive
from mtljax.surgery._surgery import Surgery, Traits, transform

_WHICH = ('larger', 'smaller', 'all')


class MetaBalanceState(NamedTuple):
    """The state of `metabalance`.

    Attributes:
      norms: the running mean of each task's norm in each tensor, leaves ``[T]``, from 0.
      count: how many steps a task has had a label in, ``[T]``.
    """

    norms: PyTree
    count: Array


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

    Equal gradients g give ``T g``. Head gradients: plain. Granularity: one tensor. Nothing is
    random. Inactive tasks add nothing and keep their means; nothing changes until the
    target has had a gradient; a zero gradient adds nothing; one that
    is not finite makes that and all later updates of its tensor not finite.

    Args:
      target: the index of the target task, in the order of the heads.
      relax: between 0 (the plain sum) and 1 (one size); the default is that of torch-rechub.
      beta: the decay of the running means; likewise.
      which: which auxiliary gradients are changed: those ``'larger'`` than the target's (strategy A
        of the paper), ``'smaller'`` (B) or ``'all'`` (C).
      num_tasks: T, where it stands alone.

    Raises:
      ValueError: an option out of range.

    >>> method = metabalance(relax=1.0, num_tasks=2)
    >>> updates = {'w': jnp.array([[1.0, 0.0], [0.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [1.0, 1.0]
    """
    for name, value in (('relax', relax), ('beta', beta)):
        check_option(name, value, 'in [0, 1]', lambda found: (found >= 0) & (found <= 1))
    if which not in _WHICH:
        raise ValueError(f'which should be one of {_WHICH}. Found {which!r}.')

    def init(params, num_tasks):
        tasks = known_tasks(num_tasks)
        if target not in range(tasks):
            raise ValueError(f'target should be the index of a task, below {tasks}: {target}.')
        norms = jax.tree.map(lambda _: jnp.zeros(tasks), params)
        return MetaBalanceState(norms, jnp.zeros(tasks, jnp.int32))

    def factors(norms):
        own = norms[target]
        ratio = own / jnp.where(norms > 0, norms, 1)
        chosen = {'larger': norms > own, 'smaller': norms < own, 'all': norms == norms}[which]
        chosen &= (own > 0) & (norms > 0) & (jnp.arange(norms.size) != target)
        finite = jnp.isfinite(norms) & jnp.isfinite(own)
        return jnp.where(finite, jnp.where(chosen, relax * ratio + 1 - relax, 1), jnp.nan)

    def combine(jacobian, inner, *, losses, active, key):
        rows = without_inactive(jacobian, active).stacked()
        count = inner.count + active
        # Without this, a task that joins late would look small until its mean has grown.
        unbiased = 1 / jnp.where(count > 0, 1 - beta ** count.astype(jnp.result_type(float)), 1)

        def average(old, leaf):
            found = Stacked(leaf, active.size).normalised()[0].astype(old.dtype)
            return jnp.where(active, beta * old + (1 - beta) * found, old)

        def total(leaf, norms):
            return jnp.sum(spread(factors(unbiased * norms), leaf) * leaf, axis=0).astype(
                leaf.dtype
            )

        norms = jax.tree.map(average, inner.norms, rows)
        updates = jax.tree.map(total, rows, norms)
        return updates, active.astype(jnp.float32), MetaBalanceState(norms, count)

    return transform(combine, init, num_tasks=num_tasks, traits=Traits(scale='sum', linear=False))
