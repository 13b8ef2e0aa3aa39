"""The operations of a function."""

from collections.abc import Callable, Iterator
from typing import Any

import jax


def operations(function: Callable, *args: Any) -> Iterator[Any]:
    """Trace a function, and yield its operations, also operations in inner functions and loops.

    Args:
      function: Any function that JAX can trace.
      *args: The arguments of the function. A `jax.ShapeDtypeStruct` may replace an array.

    Returns:
      Equations of a jaxpr. ``primitive.name`` is the name of the operation, and ``params`` holds
      its options.

    >>> import jax.numpy as jnp
    >>> [operation.primitive.name for operation in operations(jax.jit(jnp.sin), 1.0)]
    ['jit', 'sin']
    """
    return _inside(jax.make_jaxpr(function)(*args))


def convolves(function: Callable, *args: Any) -> bool:
    """Whether a function has a convolution. On a CPU, a convolution is slow inside a loop.

    Args:
      function: Any function that JAX can trace.
      *args: The arguments of the function. A `jax.ShapeDtypeStruct` may replace an array.

    >>> convolves(lambda x: x + 1, 1.0)
    False
    """
    return any(_is_convolution(operation) for operation in operations(function, *args))


def attends(function: Callable, *args: Any) -> bool:
    """Whether a function multiplies matrices with two or more batch axes, as attention does.

    In attention, the batch axes are the examples and the attention heads.

    Args:
      function: Any function that JAX can trace.
      *args: The arguments of the function. A `jax.ShapeDtypeStruct` may replace an array.

    >>> import jax.numpy as jnp
    >>> attends(jnp.matmul, jnp.ones((5, 2, 3)), jnp.ones((5, 3, 4)))
    False
    >>> attends(jnp.matmul, jnp.ones((6, 5, 2, 3)), jnp.ones((6, 5, 3, 4)))
    True
    """
    return any(_batch_axes(operation) > 1 for operation in operations(function, *args))


def only_reverse(function: Callable, *args: Any) -> bool:
    """Whether a function has a `jax.custom_vjp`, so that it has no forward-mode derivative.

    Args:
      function: Any function that JAX can trace.
      *args: The arguments of the function. A `jax.ShapeDtypeStruct` may replace an array.

    >>> only_reverse(lambda x: x + 1, 1.0)
    False
    """
    names = (operation.primitive.name for operation in operations(function, *args))
    return any(name.startswith('custom_vjp') for name in names)


def _is_convolution(operation) -> bool:
    return operation.primitive.name == 'conv_general_dilated'


def _batch_axes(operation) -> int:
    """The number of batch axes of a matrix product."""
    if operation.primitive.name != 'dot_general':
        return 0
    _, (batch_axes, _) = operation.params['dimension_numbers']
    return len(batch_axes)


def _inside(jaxpr: Any) -> Iterator[Any]:
    jaxpr = getattr(jaxpr, 'jaxpr', jaxpr)
    for operation in jaxpr.eqns:
        yield operation
        for value in jax.tree.leaves(
            list(operation.params.values()), is_leaf=lambda leaf: hasattr(leaf, 'eqns')
        ):
            if hasattr(value, 'eqns'):
                yield from _inside(value)
