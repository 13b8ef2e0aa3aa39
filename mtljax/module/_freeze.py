"""Parameters that are not trained."""

from collections.abc import Callable
from typing import Any, overload

import jax

from mtljax import trees
from mtljax.base import Module


@overload
def freeze(module: Module, where: trees.Where = None) -> Module: ...
@overload
def freeze(module: tuple[Module, ...], where: trees.Where | int = None) -> tuple[Module, ...]: ...
def freeze(module, where=None):
    """Move parameters into the state, so that they are not trained.

    A frozen parameter gets no gradient, no optimiser state and no weight decay. If all parameters
    of a module are frozen, its batch norm and dropout run in evaluation mode.

    Args:
      module: A `Module`, or a backbone. A backbone is a tuple of modules, its stages, with the
        names ``'stage0'``, ``'stage1'`` and so on.
      where: The parameters to freeze. None freezes all. A sequence of paths such as ``['stage0']``
        freezes the parameters at these paths and below them. A function from a path such as
        ``'stage0/Dense_0/kernel'`` to a boolean freezes the parameters for which it returns True.
        For a backbone, a number n freezes the first n stages.

    Raises:
      ValueError: A path names a stage that the backbone does not have, or the backbone has fewer
        than n stages. ``init`` raises this error if a path matches no parameter. It also raises
        this error if a function matches no parameter, unless ``module`` is a backbone.

    >>> from flax import linen
    >>> from mtljax.module import from_linen
    >>> dense = freeze(from_linen(linen.Dense(3)), lambda path: path == 'kernel')
    >>> params, state = dense.init(jax.random.key(0), jax.numpy.ones((2, 5)))
    >>> params['kernel'], state['frozen']['kernel'].shape
    (None, (5, 3))
    """
    if isinstance(where, int):
        return _first(module, where)
    if not isinstance(module, tuple):
        check = _some if where is not None else lambda marks: marks  # a module may be empty
        return _freeze(module, lambda params: check(trees.select(params, where)))
    names = [f'stage{index}' for index in range(len(module))]
    if where is not None and not callable(where):
        where = [where] if isinstance(where, str) else list(where)
        for path in where:
            if path.split('/')[0] not in names:
                raise ValueError(f'where should name stages among {names}. Found where = {path!r}.')
    return tuple(
        _freeze_stage(stage, name, where) for stage, name in zip(module, names, strict=True)
    )


def _first(backbone, count):
    if not isinstance(backbone, tuple):
        raise ValueError(
            f'where may be a number for a backbone (a tuple) only. Found where = {count}.'
        )
    if not 0 <= count <= len(backbone):
        raise ValueError(f'where should be in 0..{len(backbone)}. Found where = {count}.')
    return (*(freeze(stage) for stage in backbone[:count]), *backbone[count:])


def _some(marks):
    if not any(jax.tree.leaves(marks)):
        raise ValueError('where should match a parameter of the module. Found no match.')
    return marks


def _freeze_stage(stage: Module, name: str, where: trees.Where) -> Module:
    if where is not None and not callable(where):
        where = [path for path in where if path.split('/')[0] == name]
        if not where:
            return stage
    return _freeze(stage, lambda params: trees.select({name: params}, where)[name])


def _freeze(module: Module, marks: Callable[[Any], Any]) -> Module:
    def init(key, x):
        params, state = module.init(key, x)
        frozen, trained = trees.partition(params, marks(params))
        return trained, {'frozen': frozen, 'state': state}

    def apply(params, state, x, *, key=None, train=False):
        whole = trees.merge(params, state['frozen'])
        train = train and bool(jax.tree.leaves(params))
        y, inner = module.apply(whole, state['state'], x, key=key, train=train)
        return y, {'frozen': state['frozen'], 'state': inner}

    return Module(init, apply)
