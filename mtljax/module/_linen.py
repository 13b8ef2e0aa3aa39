"""Flax Linen modules."""

import inspect
from collections.abc import Sequence

import jax
from flax import errors, linen

from mtljax.base import Module
from mtljax.module._shapes import shapes

_INVERTED_FLAGS = ('deterministic', 'use_running_average')
_FLAGS = ('train', 'training', 'is_training', *_INVERTED_FLAGS)


def from_linen(
    module: linen.Module, *, train_flag: str | None = None, rngs: Sequence[str] = ('dropout',)
) -> Module:
    """Make a `Module` of a Flax Linen module, with batch norm and dropout.

    All collections except ``'params'`` become the state. It changes when ``train=True``.

    Args:
      module: A module with one positional argument, the input tree.
      train_flag: The keyword of ``module.__call__`` for training. By default those of ``'train'``,
        ``'training'``, ``'is_training'``, ``'deterministic'`` and ``'use_running_average'`` that
        the module has; the last two get the opposite value.
      rngs: The random streams that the module draws from in training.

    Raises:
      ValueError: The module has no such flag; at apply, ``train=True`` comes without a key, but the
        module draws random numbers.

    >>> dense = from_linen(linen.Dense(3))
    >>> params, state = dense.init(jax.random.key(0), jax.numpy.ones((2, 5)))
    >>> dense.apply(params, state, jax.numpy.ones((2, 5)))[0].shape
    (2, 3)
    """
    names = inspect.signature(module.__call__).parameters
    if train_flag is not None and train_flag not in names:
        raise ValueError(
            f'train_flag should be an argument of {type(module).__name__}, one of {list(names)}. '
            f'Found train_flag = {train_flag!r}.'
        )
    flags = [train_flag] if train_flag else [name for name in _FLAGS if name in names]

    def flag(train):
        return {name: train != (name in _INVERTED_FLAGS) for name in flags}

    def init(key, x):
        variables = dict(module.lazy_init({'params': key}, shapes(x), **flag(False)))
        return variables.pop('params', {}), variables

    def apply(params, state, x, *, key=None, train=False):
        variables = {'params': params, **state}
        if not train:
            return module.apply(variables, x, **flag(False)), state
        keys = {} if key is None else dict(zip(rngs, jax.random.split(key, len(rngs)), strict=True))
        try:
            y, written = module.apply(variables, x, **flag(True), rngs=keys, mutable=list(state))
        except errors.InvalidRngError as error:
            raise ValueError(
                f'{type(module).__name__} draws random numbers when train=True: pass key=... '
                f'(streams known: {tuple(rngs)}). {error}'
            ) from error
        return y, {**state, **written}

    return Module(init, apply)
