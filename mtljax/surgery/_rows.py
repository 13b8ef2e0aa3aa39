"""Operations on trees of rows ``[T, ...]``."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Shaped

from mtljax._numeric import per_row
from mtljax.base import Jacobian, Params, PyTree
from mtljax.gradients import Stacked


def where_rows(mask: Bool[Array, 'T'], rows: PyTree, otherwise: PyTree) -> PyTree:
    """The rows ``[T, ...]`` of one tree where ``mask`` holds, else those of the other tree."""
    return jax.tree.map(
        lambda row, other: jnp.where(per_row(mask, row), row, other), rows, otherwise
    )


def without_inactive(jacobian: Jacobian, active: Bool[Array, 'T'] | None) -> Jacobian:
    """The Jacobian with 0 in the rows of inactive tasks, also where they are not finite.

    Args:
      jacobian: Any Jacobian.
      active: The tasks whose rows stay; all when None.

    >>> rows = Stacked({'w': jnp.array([[1.0], [jnp.nan]])}, 2)
    >>> without_inactive(rows, jnp.array([True, False])).stacked()['w'].tolist()
    [[1.0], [0.0]]
    """
    if active is None:
        return jacobian
    zeros = jax.tree.map(jnp.zeros_like, jacobian.stacked())
    return Stacked(where_rows(active, jacobian.stacked(), zeros), jacobian.num_tasks)


def zero_rows(params: Params, num_tasks: int) -> PyTree:
    """T rows of zeros in the shapes of the parameters, in float32 at least."""

    def zeros(leaf):
        return jnp.zeros((num_tasks, *jnp.shape(leaf)), jnp.result_type(leaf, jnp.float32))

    return jax.tree.map(zeros, params)


def blend(before: PyTree, rows: PyTree, rate: Float[Array, ''], active: Bool[Array, 'T']) -> PyTree:
    """``before + rate (rows - before)`` for the active tasks, in the dtypes of ``before``.

    Args:
      before: A tree of leaves ``[T, ...]``.
      rows: A tree of leaves ``[T, ...]``.
      rate: A scalar.
      active: The tasks whose rows change.
    """

    def mixed(old, new):
        return old + (rate * (new.astype(old.dtype) - old)).astype(old.dtype)

    return where_rows(active, jax.tree.map(mixed, before, rows), before)


def spread(weights: Float[Array, 'T'], leaf: Shaped[Array, 'T ...']) -> Float[Array, 'T ...']:
    """``weights`` as ``[T, 1, ...]``, in the dtype of ``leaf``, float32 at least."""
    return per_row(weights, leaf).astype(jnp.result_type(leaf, jnp.float32))


def as_params(tree: PyTree, like: PyTree) -> PyTree:
    """A tree in the dtypes of another."""
    return jax.tree.map(lambda leaf, other: leaf.astype(other.dtype), tree, like)
