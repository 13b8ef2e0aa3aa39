"""Rematerialisation: activations are computed again instead of being stored."""

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
    """Store only the input of a module, and compute its activations again in the backward pass.

    A training step then takes less memory and more time. Outputs and gradients do not change.

    Args:
      module: A `Module`, or a backbone, which is a tuple of modules. For a backbone, the input of
        every module is stored.
      policy: A function of `jax.checkpoint_policies` that says what else is stored. By default
        nothing else is stored.

    Raises:
      ValueError: ``module`` is a whole `MultiTask` model.

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
