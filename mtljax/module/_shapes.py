"""The shapes of a tree, and random keys that may be None."""

from typing import Any

import jax

from mtljax.base import Module, Params, State
from mtljax.options import check_count


def shapes(x: Any) -> Any:
    """Replace every leaf of a tree by its `jax.ShapeDtypeStruct`.

    >>> shapes({'x': jax.numpy.zeros((2, 3))})['x'].shape
    (2, 3)
    """
    return jax.eval_shape(lambda tree: tree, x)


def split_key(key: Any, count: int) -> Any:
    """Split a random key into ``count`` keys; if the key is None, return None ``count`` times.

    >>> split_key(None, 2)
    [None, None]
    """
    check_count('count', count, 0)
    return [None] * count if key is None else jax.random.split(key, count)


def output_shape(module: Module, params: Params, state: State, x: Any) -> Any:
    """The shapes and dtypes of the output of ``module.apply``, without computing it.

    >>> from mtljax import Module
    >>> double = Module(lambda key, x: ({}, {}), lambda params, state, x, **_: (2 * x, state))
    >>> output_shape(double, {}, {}, jax.numpy.zeros((2, 3))).shape
    (2, 3)
    """
    return jax.eval_shape(lambda p, s, x: module.apply(p, s, x)[0], params, state, x)
