"""What a function is made of."""

from collections.abc import Callable, Iterator
from typing import Any

import jax


def operations(function: Callable, *args: Any) -> Iterator[Any]:
    """Every operation of the traced function, those of inner functions and loops included.

    Args:
      function: any function that jax can trace.
      *args: its arguments, or their shapes.

    Returns:
      Equations of jaxprs: ``primitive.name`` and ``params`` say what each does.

    >>> import jax.numpy as jnp
    >>> [each.primitive.name for each in operations(jax.jit(jnp.sin), 1.0)]
    ['jit', 'sin']
    """
    return _inside(jax.make_jaxpr(function)(*args))


def convolves(function: Callable, *args: Any) -> bool:
    """Whether it has a convolution, which XLA runs slowly inside a loop on the CPU.

    >>> convolves(lambda x: x + 1, 1.0)
    False
    """
    return any(_is_convolution(each) for each in operations(function, *args))


def attends(function: Callable, *args: Any) -> bool:
    """Whether it multiplies matrices that are stacked twice, as attention's by example and head.

    >>> import jax.numpy as jnp
    >>> attends(jnp.matmul, jnp.ones((5, 2, 3)), jnp.ones((5, 3, 4)))
    False
    >>> attends(jnp.matmul, jnp.ones((6, 5, 2, 3)), jnp.ones((6, 5, 3, 4)))
    True
    """
    return any(_stacks(each) > 1 for each in operations(function, *args))


def only_reverse(function: Callable, *args: Any) -> bool:
    """Whether it has a `jax.custom_vjp`, which has a pullback but no pushforward.

    >>> only_reverse(lambda x: x + 1, 1.0)
    False
    """
    return any(each.primitive.name.startswith('custom_vjp') for each in operations(function, *args))


def _is_convolution(operation) -> bool:
    return operation.primitive.name == 'conv_general_dilated'


def _stacks(operation) -> int:
    """Along how many axes the matrices of a product are stacked."""
    if operation.primitive.name != 'dot_general':
        return 0
    _, (stacked, _) = operation.params['dimension_numbers']
    return len(stacked)


def _inside(jaxpr: Any) -> Iterator[Any]:
    jaxpr = getattr(jaxpr, 'jaxpr', jaxpr)
    for operation in jaxpr.eqns:
        yield operation
        for value in jax.tree.leaves(
            list(operation.params.values()), is_leaf=lambda leaf: hasattr(leaf, 'eqns')
        ):
            if hasattr(value, 'eqns'):
                yield from _inside(value)
