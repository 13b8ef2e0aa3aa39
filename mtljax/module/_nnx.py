"""Flax NNX modules."""

import functools
from collections.abc import Callable
from typing import Any

import jax
from flax import nnx

from mtljax.base import Module


def from_nnx(factory: Callable[[nnx.Rngs], nnx.Module]) -> Module:
    """Make a `Module` from a Flax NNX module.

    The ``nnx.Param`` variables become the parameters, and the other variables become the state.
    Random streams are not stored: every call makes them from its ``key``.

    Args:
      factory: ``(rngs) -> nnx.Module``, a function that builds the module.

    Raises:
      ValueError: ``apply`` is called with ``train=True`` but without a key, although the module
        needs random numbers.

    >>> from flax import nnx
    >>> dense = from_nnx(lambda rngs: nnx.Linear(5, 3, rngs=rngs))
    >>> params, state = dense.init(jax.random.key(0), jax.numpy.ones((2, 5)))
    >>> dense.apply(params, state, jax.numpy.ones((2, 5)))[0].shape
    (2, 3)
    """

    def split(module) -> Any:
        return nnx.split(module, nnx.Param, nnx.RngState, ...)

    @functools.cache
    def abstract():
        return split(nnx.eval_shape(lambda: factory(nnx.Rngs(0))))

    def init(key, x):
        _, params, _, state = split(factory(nnx.Rngs(key)))
        return nnx.to_pure_dict(params), nnx.to_pure_dict(state)

    def apply(params, state, x, *, key=None, train=False):
        graph, params_like, streams, state_like = abstract()
        if train and key is None and jax.tree.leaves(streams):
            raise ValueError(
                'The NNX module should have a key for its random numbers when train=True. '
                'Found key = None. To train, pass key=...'
            )
        module = nnx.merge(
            graph, _fill(params_like, params), _reseed(streams, key), _fill(state_like, state)
        )
        module.train() if train else module.eval()
        y = module(x)
        written = nnx.to_pure_dict(split(module)[3]) if train else state
        return y, written

    return Module(init, apply)


def _fill(like, values):
    """An ``nnx.State`` with the structure of ``like`` and the leaves of the dict ``values``."""
    return jax.tree.unflatten(jax.tree.structure(like), jax.tree.leaves(values))


def _reseed(streams, key):
    """Random streams with count zero, each with a new key that is made from ``key``."""
    key = jax.random.key(0) if key is None else key
    leaves, treedef = jax.tree.flatten(streams)
    fresh = [
        jax.random.fold_in(key, index)
        if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        else jax.numpy.zeros(leaf.shape, leaf.dtype)
        for index, leaf in enumerate(leaves)
    ]
    return jax.tree.unflatten(treedef, fresh)
