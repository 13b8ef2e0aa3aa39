"""Modules that a function calls by name."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from mtljax.base import Module
from mtljax.module._shapes import output_shape, shapes, split_key

Call = Callable[[str, Any], Any]
"""``(name, x) -> y``, a function that applies the module with that name."""


def wire(modules: Mapping[str, Module], fn: Callable[[Call, Any], Any]) -> Module:
    """Make a module from a function that calls other modules by name.

    The function calls every module exactly once. The parameters and the state of a module lie under
    its name. A slash in a name makes a subtree: ``'towers/stage0'`` lies under ``'towers'``.

    Args:
      modules: ``{name: Module}``.
      fn: ``(call, x) -> y``. In this function, ``call(name, x)`` applies the module with that name.

    Raises:
      ValueError: ``init`` finds that ``fn`` does not call every module exactly once.

    >>> from flax import linen
    >>> from mtljax.module import from_linen
    >>> parts = {'a': from_linen(linen.Dense(3)), 'b': from_linen(linen.Dense(3))}
    >>> both = wire(parts, lambda call, x: call('a', x) + call('b', x))
    >>> params, state = both.init(jax.random.key(0), jnp.ones((2, 5)))
    >>> sorted(params), both.apply(params, state, jnp.ones((2, 5)))[0].shape
    (['a', 'b'], (2, 3))
    """
    names = tuple(modules)

    def init(key, x):
        keys = dict(zip(names, split_key(key, len(names)), strict=True))
        inputs = _inputs(modules, fn, x)
        params, state = {}, {}
        for name in names:
            module_params, module_state = modules[name].init(keys[name], inputs[name])
            _set(params, name, module_params)
            _set(state, name, module_state)
        return params, state

    def apply(params, state, x, *, key=None, train=False):
        keys = dict(zip(names, split_key(key, len(names)), strict=True))
        written: dict[str, Any] = {}

        def call(name, x):
            y, after = modules[name].apply(
                _get(params, name), _get(state, name), x, key=keys[name], train=train
            )
            _set(written, name, after)
            return y

        return fn(call, x), written

    return Module(init, apply)


def _inputs(modules, fn, x):
    """The shapes of the input of every module."""
    inputs = {}

    def call(name, x):
        if name in inputs or name not in modules:
            raise ValueError(
                f'The function should call each of {list(modules)} once. Found a call of {name!r}'
                f'{" again" if name in inputs else ""}.'
            )
        inputs[name] = shapes(x)
        params, state = jax.eval_shape(lambda k: modules[name].init(k, inputs[name]), _key())
        y = output_shape(modules[name], params, state, inputs[name])
        return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), y)

    jax.eval_shape(lambda x: fn(call, x), x)
    if set(inputs) != set(modules):
        raise ValueError(f'The function should call all of {list(modules)}. Found {list(inputs)}.')
    return inputs


def _key():
    return jax.eval_shape(lambda: jax.random.key(0))


def _get(tree, name):
    for part in name.split('/'):
        tree = tree[part]
    return tree


def _set(tree, name, value):
    *parents, last = name.split('/')
    for part in parents:
        tree = tree.setdefault(part, {})
    tree[last] = value
