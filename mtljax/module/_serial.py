"""Modules that run one after the other."""

from mtljax.base import Module
from mtljax.module._shapes import output_shape, split_key


def serial(*modules: Module) -> Module:
    """Make one module that applies several modules, one after the other.

    The parameters and the state of the modules lie under ``'stage0'``, ``'stage1'`` and so on.

    Args:
      *modules: The modules, in their order.

    >>> import jax
    >>> from flax import linen
    >>> from mtljax.module import from_linen
    >>> model = serial(from_linen(linen.Dense(3)), from_linen(linen.Dense(2)))
    >>> params, state = model.init(jax.random.key(0), jax.numpy.ones((1, 4)))
    >>> sorted(params)
    ['stage0', 'stage1']
    """
    names = [f'stage{index}' for index in range(len(modules))]

    def init(key, x):
        params, state = {}, {}
        for name, module, k in zip(names, modules, split_key(key, len(modules)), strict=True):
            params[name], state[name] = module.init(k, x)
            x = output_shape(module, params[name], state[name], x)
        return params, state

    def apply(params, state, x, *, key=None, train=False):
        written = {}
        for name, module, k in zip(names, modules, split_key(key, len(modules)), strict=True):
            x, written[name] = module.apply(params[name], state[name], x, key=k, train=train)
        return x, written

    return Module(init, apply)
