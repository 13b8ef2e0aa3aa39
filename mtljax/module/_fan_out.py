"""One head per task."""

from collections.abc import Callable, Mapping
from typing import Any

import jax

from mtljax.base import Module
from mtljax.module._shapes import split_key


def fan_out(
    heads: Mapping[str, Module], pick: Callable[[str, Any], Any] = lambda task, x: x
) -> Module:
    """Combine the heads of several tasks into one module with the output ``{task: prediction}``.

    ``apply`` has one more argument, ``tasks``: the names of the tasks to compute. By default, it
    computes all tasks. The random numbers that a head draws do not depend on ``tasks``.

    Args:
      heads: ``{task: Module}``.
      pick: ``(task, x) -> input``, a function that chooses the input of the head of a task. By
        default, every head gets ``x``.

    >>> from flax import linen
    >>> from mtljax.module import from_linen
    >>> both = fan_out({'b': from_linen(linen.Dense(3)), 'a': from_linen(linen.Dense(1))})
    >>> params, state = both.init(jax.random.key(0), jax.numpy.ones((2, 5)))
    >>> {task: y.shape for task, y in both.apply(params, state, jax.numpy.ones((2, 5)))[0].items()}
    {'b': (2, 3), 'a': (2, 1)}
    """
    heads = dict(heads)
    names = tuple(heads)

    def init(key, x):
        params, state = {}, {}
        for name, k in zip(names, split_key(key, len(names)), strict=True):
            head_input = jax.eval_shape(lambda x, name=name: pick(name, x), x)
            params[name], state[name] = heads[name].init(k, head_input)
        return params, state

    def apply(params, state, x, *, tasks=None, key=None, train=False):
        keys = split_key(key, len(names))
        outputs, written = {}, dict(state)
        for name in names if tasks is None else tasks:
            outputs[name], written[name] = heads[name].apply(
                params[name],
                state[name],
                pick(name, x),
                key=keys[names.index(name)],  # independent of the other tasks
                train=train,
            )
        return outputs, written

    return Module(init, apply)
