"""The shapes of a tree, and keys that may be missing."""

from typing import Any

import jax


def shapes(x: Any) -> Any:
    """The `jax.ShapeDtypeStruct` of every leaf.

    >>> shapes({'x': jax.numpy.zeros((2, 3))})['x'].shape
    (2, 3)
    """
    return jax.eval_shape(lambda tree: tree, x)


def split_key(key: Any, count: int) -> list[Any]:
    """``count`` keys; None stays None, so that a module that draws can say what it lacks.

    >>> split_key(None, 2)
    [None, None]
    """
    return [None] * count if key is None else list(jax.random.split(key, count))
