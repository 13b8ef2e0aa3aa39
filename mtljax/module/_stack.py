"""Several copies of a module, stacked along an axis."""

import jax

from mtljax import trees
from mtljax.base import Module
from mtljax.module._shapes import shapes
from mtljax.options import check_count


def stack(module: Module, copies: int, *, shared_input: bool | tuple[bool, ...] = True) -> Module:
    """Make copies of one module that run side by side in one `jax.vmap`.

    Parameters, state and outputs get a leading axis ``[copies, ...]``. Every copy draws different
    initial values and different dropout masks.

    Args:
      module: The module to copy.
      copies: The number of copies.
      shared_input: Whether all copies read the same input. If False, the input has a leading axis
        ``[copies, ...]``, and every copy reads one entry of it. If the input is a tuple,
        ``shared_input`` may be a tuple with one boolean for each item.

    >>> from flax import linen
    >>> from mtljax.module import from_linen
    >>> experts = stack(from_linen(linen.Dense(3)), 4)
    >>> params, state = experts.init(jax.random.key(0), jax.numpy.ones((2, 5)))
    >>> experts.apply(params, state, jax.numpy.ones((2, 5)))[0].shape
    (4, 2, 3)
    """
    check_count('copies', copies, 1)

    def one_of(x, shared=shared_input):
        """The shapes of the input of one copy."""
        if isinstance(shared, tuple):
            return tuple(one_of(*item) for item in zip(x, shared, strict=True))
        return x if shared else jax.eval_shape(lambda tree: trees.row(tree, 0), x)

    def init(key, x):
        example = one_of(shapes(x))
        return jax.vmap(lambda k: module.init(k, example))(jax.random.split(key, copies))

    def apply(params, state, x, *, key=None, train=False):
        def one(params, state, x, key):
            return module.apply(params, state, x, key=key, train=train)

        keys = None if key is None else jax.random.split(key, copies)
        axes = (0, 0, _axes(shared_input), None if key is None else 0)
        return jax.vmap(one, in_axes=axes, axis_size=copies)(params, state, x, keys)

    return Module(init, apply)


def _axes(shared):
    return tuple(map(_axes, shared)) if isinstance(shared, tuple) else None if shared else 0
