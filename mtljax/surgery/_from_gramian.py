"""Methods that read the gradients only through their Gramian; every engine can run them."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from mtljax.base import PyTree
from mtljax.surgery._inputs import known_tasks
from mtljax.surgery._surgery import Surgery, Traits, transform

Scale = Literal['sum', 'mean', 'own']


def from_gramian(
    fn: Callable[..., tuple[Array, PyTree]],
    init: Callable[[int], PyTree] | None = None,
    *,
    num_tasks: int | None = None,
    weighs_heads: bool = False,
    scale: Scale = 'own',
) -> Surgery:
    """A surgery from a function of the Gramian.

    ``update = J^T w`` with ``w = fn(J J^T)``. Inactive tasks always get weight 0, and their rows
    and columns of the Gramian are 0.

    Args:
      fn: ``(G [T, T], inner, *, losses, active, key) -> (weights [T], inner)``.
      init: ``(T) -> inner``; None for a method without a state.
      num_tasks: T. A method that keeps a state needs it unless `on_shared`, which knows T, is
        around it.
      weighs_heads: Whether the method also weighs head gradients.
      scale: The update for equal gradients g, which `rescale` reads: ``T g`` (``'sum'``), ``g``
        (``'mean'``) or something else (``'own'``).

    Raises:
      ValueError: At init, the method keeps a state and T is unknown; at update, the updates are not
        per-task gradients.

    >>> half = from_gramian(lambda G, inner, **extra: (jnp.full(len(G), 0.5), inner))
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> half.update(updates, half.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [2.0, 3.0]
    """

    def on_cosines(norms, cosines, inner, **extra):
        return fn(norms[:, None] * norms[None, :] * cosines, inner, **extra)

    def start(num_tasks):
        return () if init is None else init(known_tasks(num_tasks))

    return from_cosines(
        on_cosines, start, num_tasks=num_tasks, weighs_heads=weighs_heads, scale=scale
    )


def from_cosines(
    fn: Callable[..., tuple[Array, PyTree]],
    init: Callable[[int | None], PyTree] | None = None,
    *,
    num_tasks: int | None = None,
    weighs_heads: bool = False,
    scale: Scale = 'own',
) -> Surgery:
    """A surgery from a function of the Gramian's norms and cosines, ``G_ts = |g_t| |g_s| C_ts``.

    Norms and cosines fit float32 for gradients of any size; G does not. The rows and columns of
    inactive tasks and of zero gradients are 0. Where an active gradient is not finite, the update
    is not finite either.

    Args:
      fn: ``(norms [T], cosines [T, T], inner, *, losses, active, key) -> (weights [T], inner)``.
      init: ``(T, or None where T is unknown) -> inner``.
      num_tasks: T, as in `from_gramian`.
      weighs_heads: Whether the method also weighs head gradients.
      scale: The update for equal gradients, as in `from_gramian`.

    >>> unit = from_cosines(lambda norms, C, inner, **extra: (1 / norms, inner))
    >>> updates = {'w': jnp.array([[1e-30, 0.0], [0.0, 1e30]])}
    >>> unit.update(updates, unit.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [1.0, 1.0]
    """

    def rule(norms, cosines, inner, *, losses, active, key):
        norms = jnp.where(active, norms, 0)
        cosines = jnp.where(active[:, None] & active[None, :], cosines, 0)
        weights, inner = fn(norms, cosines, inner, losses=losses, active=active, key=key)
        weights = jnp.where(active, weights, 0)
        return jnp.where(jnp.isfinite(norms).all(), weights, jnp.nan), inner

    def weigh(jacobian, inner, *, losses, active, key):
        jacobian = jacobian.realise()
        norms, cosines = jacobian.normalised(active)
        weights, inner = rule(norms, cosines, inner, losses=losses, active=active, key=key)
        return jacobian.combine(weights), weights, inner

    def start(params, num_tasks):
        return () if init is None else init(num_tasks)

    traits = Traits(weighs_heads=weighs_heads, scale=scale, rule=rule)
    return transform(weigh, start, num_tasks=num_tasks, traits=traits)


class Solved(NamedTuple):
    """The state of a method with a solver.

    Attributes:
      residual: The largest violation of the optimality conditions in the last step.
    """

    residual: Float[Array, '']


def from_solver(solve: Callable[..., Any], *, weighs_heads=False, scale: Scale = 'mean') -> Surgery:
    """A surgery from ``(norms, cosines, *, losses, active) -> (weights [T], residual)``."""

    def weigh(norms, cosines, inner, *, losses, active, key):
        weights, residual = solve(norms, cosines, losses=losses, active=active)
        return weights, Solved(residual.astype(inner.residual.dtype))

    def init(num_tasks):
        return Solved(jnp.zeros(()))

    return from_cosines(weigh, init, weighs_heads=weighs_heads, scale=scale)
