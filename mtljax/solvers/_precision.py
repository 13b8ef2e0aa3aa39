"""Solvers compute in float64, also for models in other dtypes."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float


def in_float64(solve: Callable[..., Any]) -> Callable[..., Any]:
    """Run ``solve`` on float64 copies of its floating arrays; results return in the first's dtype.

    A Gramian squares the condition of its rows, so that float32 resolves angles to 3e-4 only. The
    arrays are ``[T, T]``, so the cost is small. TPUs have no float64; there all is float32.

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
    """A function that vmap batches by running it again.

    Otherwise jax would batch the body of a loop outside the context of float64.
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
    """The cosines with eigenvalues raised to ``floor``; excluded rows become those of the identity.

    Args:
      cosines: The cosines; rounding may have made them slightly indefinite.
      included: The tasks that count.
      floor: The least eigenvalue, relative to the unit diagonal.
    """
    both = included[:, None] & included[None, :]
    matrix = jnp.where(both, cosines, jnp.eye(len(included)))
    values, vectors = jnp.linalg.eigh(matrix)
    missing = jnp.maximum(floor - values, 0)
    return matrix + (vectors * missing[None]) @ vectors.T
