"""Solvers compute in float64, also for models in other dtypes."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mtljax.options import check_not_negative

_ROUNDED = 4.0


def in_float64(solve: Callable[..., Any]) -> Callable[..., Any]:
    """Make a solver compute in float64, also if its arguments are float32.

    The result has the dtype of the first argument, and is at least float32. If task gradients are
    nearly parallel, the equations that the solvers of mtljax solve are nearly singular. In float32,
    the rounding errors would then be large. But float64 does not restore digits that the arguments
    have lost: in float32, two different angles below 3e-4 radians can have the same cosine. The
    largest argument of such a solver is ``[T, T]`` for T tasks, so float64 costs little. TPUs have
    no float64, and there the solver runs in float32.

    Args:
      solve: The solver, a function of arrays. Its floating-point arguments are cast to float64.

    Returns:
      The solver in float64, compiled by ``jax.jit``.

    >>> small = in_float64(lambda x: (1e8 + x) - 1e8)
    >>> small(jnp.array(0.25))
    Array(0.25, dtype=float32)
    """

    def in_context(first, *args):
        if jax.default_backend() == 'tpu':
            return solve(first, *args)
        dtype = jnp.result_type(first, jnp.float32)
        with jax.enable_x64(True):
            out = solve(*jax.tree.map(lambda x: _cast(x, jnp.float64), (first, *args)))
            most = float(jnp.finfo(dtype).max)
            return jax.tree.map(lambda x: _cast(jnp.clip(x, -most, most), dtype), out)

    return functools.wraps(solve)(jax.jit(_batched_in_context(in_context)))


def _batched_in_context(solve):
    """Make a function that vmap batches by running it again.

    Otherwise jax would batch the body of a loop outside the float64 context.
    """
    call = custom_vmap(solve)

    @call.def_vmap
    def rule(axis_size, in_batched, *args):
        axes = jax.tree.map(lambda batched: 0 if batched else None, tuple(in_batched))
        many = jax.vmap(solve, in_axes=axes, axis_size=axis_size)
        out = _batched_in_context(many)(*args)
        return out, jax.tree.map(lambda _: True, out)

    return call


def _cast(value, dtype):
    array = jnp.asarray(value)
    return array.astype(dtype) if jnp.issubdtype(array.dtype, jnp.floating) else array


def floored(
    cosines: Float[Array, 'T T'], included: Bool[Array, 'T'], floor: ArrayLike
) -> Float[Array, 'T T']:
    """Raise the eigenvalues of a cosine matrix to at least ``floor``.

    A negative eigenvalue -r shows that the cosines were rounded by about r. The eigenvalues are
    then raised to at least 4 r, because smaller ones have no meaning.

    Args:
      cosines: The cosines between the task gradients, ``[T, T]`` for T tasks. Because of rounding,
        an eigenvalue of this matrix may be slightly negative.
      included: Booleans ``[T]``, True for the tasks that count. The rows and columns of all other
        tasks become those of the identity matrix.
      floor: The smallest eigenvalue of the result.

    Returns:
      The changed matrix, ``[T, T]``.
    """
    check_not_negative('floor', floor)
    both = included[:, None] & included[None, :]
    matrix = jnp.where(both, cosines, jnp.eye(len(included)))
    values, vectors = jnp.linalg.eigh(matrix)
    missing = jnp.maximum(jnp.maximum(floor, -_ROUNDED * values[0]) - values, 0)
    return matrix + (vectors * missing[None]) @ vectors.T
