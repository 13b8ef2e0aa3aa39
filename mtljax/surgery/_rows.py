"""Operations on trees that hold one row per task: leaves ``[T, ...]``."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Shaped

from mtljax._numeric import per_row
from mtljax.base import Jacobian, Params, PyTree
from mtljax.gradients import Stacked


def where_rows(mask: Bool[Array, 'T'], rows: PyTree, otherwise: PyTree) -> PyTree:
    """Take row t from ``rows`` where ``mask[t]`` is True, and otherwise from ``otherwise``."""
    return jax.tree.map(
        lambda row, other: jnp.where(per_row(mask, row), row, other), rows, otherwise
    )


def without_inactive(jacobian: Jacobian, active: Bool[Array, 'T'] | None) -> Jacobian:
    """Set the rows of inactive tasks to 0, even if they are not finite.

    Args:
      jacobian: Any Jacobian.
      active: Booleans ``[T]``. The rows of these tasks stay. None keeps all rows.

    >>> rows = Stacked({'w': jnp.array([[1.0], [jnp.nan]])}, 2)
    >>> without_inactive(rows, jnp.array([True, False])).stacked()['w'].tolist()
    [[1.0], [0.0]]
    """
    if active is None:
        return jacobian
    zeros = jax.tree.map(jnp.zeros_like, jacobian.stacked())
    return Stacked(where_rows(active, jacobian.stacked(), zeros), jacobian.num_tasks)


def zero_rows(params: Params, num_tasks: int) -> PyTree:
    """Return T rows of zeros in the shapes of the parameters, in float32 or higher precision."""

    def zeros(leaf):
        return jnp.zeros((num_tasks, *jnp.shape(leaf)), jnp.result_type(leaf, jnp.float32))

    return jax.tree.map(zeros, params)


def blend(before: PyTree, rows: PyTree, rate: Float[Array, ''], active: Bool[Array, 'T']) -> PyTree:
    """Return ``before + rate (rows - before)`` for the active tasks, in the dtypes of ``before``.

    Args:
      before: A tree of leaves ``[T, ...]``.
      rows: A tree of leaves ``[T, ...]``.
      rate: A scalar.
      active: Booleans ``[T]``. Only the rows of these tasks change.
    """

    def mixed(old, new):
        return old + (rate * (new.astype(old.dtype) - old)).astype(old.dtype)

    return where_rows(active, jax.tree.map(mixed, before, rows), before)


def spread(weights: Float[Array, 'T'], leaf: Shaped[Array, 'T ...']) -> Float[Array, 'T ...']:
    """Return ``weights`` as ``[T, 1, ...]`` in the dtype of ``leaf``, at least float32."""
    return per_row(weights, leaf).astype(jnp.result_type(leaf, jnp.float32))


def as_params(tree: PyTree, like: PyTree) -> PyTree:
    """Cast a tree to the dtypes of another tree."""
    return jax.tree.map(lambda leaf, other: leaf.astype(other.dtype), tree, like)
