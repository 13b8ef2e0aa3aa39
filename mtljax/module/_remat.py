"""Activations that are computed again instead of kept."""

import functools
from collections.abc import Callable
from typing import Any, overload

import jax

from mtljax.base import Module, MultiTask


@overload
def remat(module: Module, *, policy: Callable[..., bool] | None = None) -> Module: ...
@overload
def remat(
    module: tuple[Module, ...], *, policy: Callable[..., bool] | None = None
) -> tuple[Module, ...]: ...
def remat(module, *, policy=None):
    """Keep what enters a module, and compute what happens inside again in the backward pass.

    The same values and gradients with every engine, for less memory and more time.

    Args:
      module: a `Module`, or a backbone: then each stage keeps its own input.
      policy: what may be kept nevertheless, one of `jax.checkpoint_policies`; nothing when left
        out.

    Raises:
      ValueError: it is a whole model.

    >>> from flax import linen
    >>> from mtljax.module import from_linen
    >>> dense = remat(from_linen(linen.Dense(3)))
    >>> params, state = dense.init(jax.random.key(0), jax.numpy.ones((2, 5)))
    >>> dense.apply(params, state, jax.numpy.ones((2, 5)))[0].shape
    (2, 3)
    """
    if isinstance(module, MultiTask):
        raise ValueError('module.remat is for stages and heads: give it the backbone of the model.')
    if isinstance(module, tuple):
        return tuple(remat(stage, policy=policy) for stage in module)

    def apply(params: Any, state: Any, x: Any, *, key=None, train=False):
        inner = functools.partial(module.apply, train=train)
        return jax.checkpoint(inner, policy=policy)(params, state, x, key=key)

    return Module(module.init, apply)
