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
    """Make a `Module` from a Flax Linen module. Batch norm and dropout are supported.

    The collection ``'params'`` becomes the parameters. All other collections become the state,
    which changes only if ``train=True``.

    Args:
      module: A Linen module whose ``__call__`` has one positional argument, the input tree.
      train_flag: The keyword argument of ``module.__call__`` that says whether the module trains.
        ``apply`` passes the value of ``train`` to this argument, or ``not train`` if its name is
        ``'deterministic'`` or ``'use_running_average'``. By default, ``apply`` does this for every
        argument with one of these two names, or with the name ``'train'``, ``'training'`` or
        ``'is_training'``.
      rngs: The names of the random streams that the module uses in training.

    Raises:
      ValueError: ``module.__call__`` has no argument with the name ``train_flag``. ``apply`` raises
        this error if ``train`` is True and the module needs random numbers, but there is no key.

    >>> from flax import linen
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
                f'{type(module).__name__} should have a key for its random numbers when '
                f'train=True. Found key = {key} and rngs = {tuple(rngs)}. To train, pass key=..., '
                f'and name every random stream of the module in rngs. {error}'
            ) from error
        return y, {**state, **written}

    return Module(init, apply)
