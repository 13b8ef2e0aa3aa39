"""Modules wired by a function."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from mtljax.base import Module
from mtljax.module._shapes import output_shape, shapes, split_key

Call = Callable[[str, Any], Any]
"""``(name, x) -> the output of the module of that name``."""


def wire(modules: Mapping[str, Module], fn: Callable[[Call, Any], Any]) -> Module:
    """A module from a function that calls others by name, each once.

    Parameters and state lie under the names; ``'towers/stage0'`` lies in a subtree ``'towers'``.

    Args:
      modules: ``{name: Module}``.
      fn: ``(call, x) -> y``, where ``call(name, x)`` applies a module.

    Raises:
      ValueError: (at init) ``fn`` does not call every module once.

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
            made, made_state = modules[name].init(keys[name], inputs[name])
            _set(params, name, made)
            _set(state, name, made_state)
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
    """The shapes of every module's input."""
    found = {}

    def call(name, x):
        if name in found or name not in modules:
            raise ValueError(f'{name!r} should be one of {list(modules)}, called once.')
        found[name] = shapes(x)
        params, state = jax.eval_shape(lambda k: modules[name].init(k, found[name]), _key())
        y = output_shape(modules[name], params, state, found[name])
        return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), y)

    jax.eval_shape(lambda x: fn(call, x), x)
    if set(found) != set(modules):
        raise ValueError(f'The function should call all of {list(modules)}. Found {list(found)}.')
    return found


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
