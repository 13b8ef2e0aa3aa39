"""Trees of rows ``[T, ...]`` that methods keep from step to step."""

import jax
import jax.numpy as jnp

from mtljax.base import Array, Params, PyTree
from mtljax.surgery._surgery import where_rows


def zero_rows(params: Params, num_tasks: int) -> PyTree:
    """Rows of zeros in the parameters' shapes, at least float32."""

    def zeros(leaf):
        return jnp.zeros((num_tasks, *jnp.shape(leaf)), jnp.result_type(leaf, jnp.float32))

    return jax.tree.map(zeros, params)


def blend(before: PyTree, rows: PyTree, rate: Array, active: Array) -> PyTree:
    """``before + rate (rows - before)`` for the active tasks, in the dtypes of ``before``.

    Args:
      before: leaves ``[T, ...]``.
      rows: leaves ``[T, ...]``.
      rate: a scalar.
      active: ``[T]``.
    """

    def mixed(old, new):
        return old + (rate * (new.astype(old.dtype) - old)).astype(old.dtype)

    return where_rows(active, jax.tree.map(mixed, before, rows), before)


def spread(weights: Array, leaf: Array) -> Array:
    """``[T]`` in the number of axes of ``leaf`` ``[T, ...]``."""
    return weights.reshape((-1,) + (1,) * (leaf.ndim - 1)).astype(
        jnp.result_type(leaf, jnp.float32)
    )


def as_params(tree: PyTree, like: PyTree) -> PyTree:
    """A tree in the dtypes of another."""
    return jax.tree.map(lambda leaf, other: leaf.astype(other.dtype), tree, like)
