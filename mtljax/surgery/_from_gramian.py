"""The shape that every method has: per-task gradients in, one gradient out."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from mtljax.base import Array, Jacobian, PyTree
from mtljax.gradients import Stacked, as_jacobian


class SurgeryState(NamedTuple):
    """The state of a surgery.

    Attributes:
      task_weights: the weights of the last step, ``[T]``, for wrappers, heads and logs; None where
        T was not known at init.
      inner: the method's own.
    """

    task_weights: Array | None
    inner: PyTree


class Surgery(optax.GradientTransformationExtraArgs):
    """An optax transform whose updates are per-task gradients, and whose result is one gradient.

    ``init`` also takes ``num_tasks=T``; ``update`` takes the keyword-only ``losses`` and ``active``
    (``[T]``; none and all when left out) and ``key``.

    Attributes:
      weighs_heads: whether the method's paper weighs the gradients of the heads too.
      plain: whether the result is a sum with weights that no gradient changes.
    """

    weighs_heads: bool = False
    plain: bool = False


def from_gramian(
    fn: Callable[..., tuple[Array, PyTree]],
    init: Callable[[int], PyTree] | None = None,
    *,
    num_tasks: int | None = None,
    weighs_heads: bool = False,
) -> Surgery:
    """A surgery from a function of the Gramian, which every engine can run.

    ``update = J^T w`` with ``w = fn(J J^T)``. Inactive tasks get weight 0 whatever ``fn`` says, and
    their rows and columns of the Gramian are 0.

    Args:
      fn: ``(G [T, T], inner, *, losses, active, key) -> (weights [T], inner)``.
      init: ``(T) -> inner``; a method without it keeps nothing.
      num_tasks: T, where the method keeps a state and stands alone; `on_shared` knows it.
      weighs_heads: whether head gradients are weighted too, by the method's definition.

    Raises:
      ValueError: at init, the method keeps a state and T is unknown; at update, the updates are no
        per-task gradients.

    >>> half = from_gramian(lambda G, inner, **extra: (jnp.full(len(G), 0.5), inner))
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> half.update(updates, half.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [2.0, 3.0]
    """

    def weigh(jacobian, inner, *, losses, active, key):
        jacobian = jacobian.realise()
        both = active[:, None] & active[None, :]
        gramian = jnp.where(both, jacobian.gramian(), 0)
        weights, inner = fn(gramian, inner, losses=losses, active=active, key=key)
        return jacobian, jnp.where(active, weights, 0), inner

    return transform(weigh, init, num_tasks=num_tasks, weighs_heads=weighs_heads)


def transform(
    weigh: Callable[..., tuple[Jacobian, Array, PyTree]],
    init: Callable[[int], PyTree] | None = None,
    *,
    num_tasks: int | None = None,
    weighs_heads: bool = False,
    plain: bool = False,
) -> Surgery:
    """A surgery from a function that weighs the rows of a Jacobian.

    Args:
      weigh: ``(jacobian, inner, *, losses, active, key) -> (jacobian, weights [T], inner)``.
      init: ``(T) -> inner``.
      num_tasks: T, where it must be known at init.
      weighs_heads: whether head gradients are weighted too, by the method's definition.
      plain: whether the weights depend on ``active`` alone.

    >>> def first(jacobian, inner, *, losses, active, key):
    ...     return jacobian, jnp.zeros(jacobian.num_tasks).at[0].set(1), inner
    >>> method = transform(first)
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [1.0, 2.0]
    """
    known = num_tasks

    def init_fn(params, *, num_tasks=known):
        if init is None:
            return SurgeryState(None if num_tasks is None else jnp.ones(num_tasks), ())
        if num_tasks is None:
            raise ValueError(
                'This surgery keeps a state per task: pass num_tasks=T to its factory, or put it '
                'inside surgery.on_shared.'
            )
        return SurgeryState(jnp.ones(num_tasks), init(num_tasks))

    def update_fn(updates, state, params=None, *, losses=None, active=None, key=None, **extra):
        del extra
        jacobian = as_jacobian(updates, params)
        if not isinstance(updates, Jacobian):
            jacobian = without_inactive(jacobian, active)
        if active is None:
            active = jnp.ones(jacobian.num_tasks, bool)
        jacobian, weights, inner = weigh(
            jacobian, state.inner, losses=losses, active=active, key=key
        )
        kept = None if state.task_weights is None else weights.astype(state.task_weights.dtype)
        return jacobian.combine(weights), SurgeryState(kept, inner)

    return make_surgery(init_fn, update_fn, weighs_heads=weighs_heads, plain=plain)


def make_surgery(init: Any, update: Any, *, weighs_heads: bool, plain: bool = False) -> Surgery:
    """A `Surgery` from its two functions."""
    surgery = Surgery(init, update)
    surgery.weighs_heads, surgery.plain = weighs_heads, plain
    return surgery


def without_inactive(jacobian: Jacobian, active: Array | None) -> Jacobian:
    """Rows of inactive tasks as 0, also where they are not finite.

    Args:
      jacobian: any.
      active: ``[T]``; all when None.

    >>> rows = Stacked({'w': jnp.array([[1.0], [jnp.nan]])}, 2)
    >>> without_inactive(rows, jnp.array([True, False])).stacked()['w'].tolist()
    [[1.0], [0.0]]
    """
    if active is None:
        return jacobian

    def keep(leaf):
        return jnp.where(active.reshape((-1,) + (1,) * (leaf.ndim - 1)), leaf, 0)

    return Stacked(jax.tree.map(keep, jacobian.stacked()), jacobian.num_tasks)
