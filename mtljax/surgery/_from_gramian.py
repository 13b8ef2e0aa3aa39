"""Surgery methods that read the task gradients only through their norms and cosines."""

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
    """Make a surgery from a function of the Gramian of the task gradients.

    The Gramian G is the matrix of all dot products, ``G[t, s] = g_t . g_s``, where ``g_t`` is the
    gradient of task t. Your function returns the task weights w, and the update is
    ``sum_t w_t g_t``. A task without a label in the batch always gets weight 0, and its row and
    column of G are 0.

    Args:
      fn: A function ``(G, inner, *, losses, active, key) -> (weights, inner)``. G is ``[T, T]`` for
        T tasks, the weights are ``[T]``, and ``inner`` is the state of the method. The other
        arguments are those of the ``update`` of a `Surgery`.
      init: A function of T that returns the first state. Leave it out for a method without a state.
      num_tasks: The number of tasks T. Only a method with a state needs it. You can omit it if the
        method is used in `on_shared`.
      weighs_heads: Whether `on_shared` multiplies the gradients of the heads by the task weights
        too.
      scale: What the update is when every task gradient equals g: ``'sum'`` means ``T g``,
        ``'mean'`` means ``g`` times a constant, and ``'own'`` means any other update. The function
        `rescale` reads this.

    Raises:
      ValueError: ``init`` does not know T although the method has a state, or ``update`` does not
        receive one gradient per task.

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
    """Make a surgery from a function of the norms and the cosines of the task gradients.

    Your function returns the task weights w, and the update is ``sum_t w_t g_t``, where ``g_t`` is
    the gradient of task t. `from_gramian` does the same for a function of the Gramian G. The norms
    ``|g_t|`` and the cosines C contain the same information, because
    ``G[t, s] = |g_t| |g_s| C[t, s]``. For very large or very small gradients, the entries of G do
    not fit float32, but the norms and cosines do.

    If a task has no label in the batch, or if its gradient is zero, its norm and its row and column
    of C are 0. If the gradient of a task with a label is not finite, the update is not finite.

    Args:
      fn: A function ``(norms, cosines, inner, *, losses, active, key) -> (weights, inner)``. The
        norms and weights are ``[T]`` for T tasks, the cosines are ``[T, T]``, and ``inner`` is the
        state of the method. The other arguments are those of the ``update`` of a `Surgery`.
      init: A function of T that returns the first state. It receives None if T is unknown.
      num_tasks: The number of tasks T. You can omit it if the method is used in `on_shared`.
      weighs_heads: Whether `on_shared` multiplies the gradients of the heads by the task weights
        too.
      scale: What the update is when every task gradient equals g: ``'sum'`` means ``T g``,
        ``'mean'`` means ``g`` times a constant, and ``'own'`` means any other update. The function
        `rescale` reads this.

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
    """Make a surgery from ``(norms, cosines, *, losses, active) -> (weights [T], residual)``."""

    def weigh(norms, cosines, inner, *, losses, active, key):
        weights, residual = solve(norms, cosines, losses=losses, active=active)
        return weights, Solved(residual.astype(inner.residual.dtype))

    def init(num_tasks):
        return Solved(jnp.zeros(()))

    return from_cosines(weigh, init, weighs_heads=weighs_heads, scale=scale)
