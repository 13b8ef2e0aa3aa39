"""Rematerialisation: activations are computed again instead of stored."""

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
    """Store the input of a module, and compute its activations again in the backward pass.

    Values and gradients stay the same with every engine. It takes less memory and more time.

    Args:
      module: A `Module`, or a backbone; then the input of each stage is stored.
      policy: One of `jax.checkpoint_policies`, which says what else is stored. Nothing by default.

    Raises:
      ValueError: ``module`` is a whole model.

    >>> from flax import linen
    >>> from mtljax.module import from_linen
    >>> dense = remat(from_linen(linen.Dense(3)))
    >>> params, state = dense.init(jax.random.key(0), jax.numpy.ones((2, 5)))
    >>> dense.apply(params, state, jax.numpy.ones((2, 5)))[0].shape
    (2, 3)
    """
    if isinstance(module, MultiTask):
        raise ValueError(
            'module should be a stage, a head or a backbone. Found a MultiTask. '
            'Wrap the backbone before you build the model.'
        )
    if isinstance(module, tuple):
        return tuple(remat(stage, policy=policy) for stage in module)

    def apply(params: Any, state: Any, x: Any, *, key=None, train=False):
        inner = functools.partial(module.apply, train=train)
        return jax.checkpoint(inner, policy=policy)(params, state, x, key=key)

    return Module(module.init, apply)
