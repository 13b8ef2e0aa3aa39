"""The shape that every method has: per-task gradients in, one gradient out."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

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
      inner: the method's own. Methods with a solver keep its ``residual`` here, which
        ``optax.tree.get(state, 'residual')`` reads.
    """

    task_weights: Array | None
    inner: PyTree


class Traits(NamedTuple):
    """What wrappers must know of a method.

    Attributes:
      weighs_heads: whether the method's paper weighs the gradients of the heads too.
      plain: whether the weights depend on ``active`` alone, so that one backward pass is enough.
      scale: what equal gradients g give: ``T g`` ('sum'), ``g`` ('mean', up to a constant), or
        something else ('own').
      linear: whether the result is ``J^T task_weights``.
      whole: whether it acts on all parameters by itself, `on_shared`.
      rule: ``(norms, cosines, inner, *, losses, active, key) -> (weights, inner)``, where the
        method sees no more of the gradients.
    """

    weighs_heads: bool = False
    plain: bool = False
    scale: Literal['sum', 'mean', 'own'] = 'own'
    linear: bool = True
    whole: bool = False
    rule: Callable[..., tuple[Array, PyTree]] | None = None


class Surgery(optax.GradientTransformationExtraArgs):
    """An optax transform whose updates are per-task gradients, and whose result is one gradient.

    ``init`` also takes ``num_tasks=T``; ``update`` takes the keyword-only ``losses`` and ``active``
    (``[T]``; none and all when left out) and ``key``.

    Attributes:
      traits: what wrappers must know of the method.
    """

    traits: Traits = Traits()


def transform(
    fn: Callable[..., tuple[PyTree, Array, PyTree]],
    init: Callable[..., PyTree] | None = None,
    *,
    num_tasks: int | None = None,
    traits: Traits | None = None,
) -> Surgery:
    """A surgery from a function of the whole Jacobian.

    Args:
      fn: ``(jacobian, inner, *, losses, active, key) -> (updates, task_weights [T], inner)``.
      init: ``(params, num_tasks or None) -> inner``; a method without it keeps nothing.
      num_tasks: T, where the method stands alone and must know it at init.
      traits: for wrappers.

    >>> def first(jacobian, inner, *, losses, active, key):
    ...     weights = jnp.zeros(jacobian.num_tasks).at[0].set(1)
    ...     return jacobian.combine(weights), weights, inner
    >>> method = transform(first)
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [1.0, 2.0]
    """
    known = num_tasks

    def init_fn(params, *, num_tasks=known):
        weights = None if num_tasks is None else jnp.ones(num_tasks)
        return SurgeryState(weights, () if init is None else init(params, num_tasks))

    def update_fn(updates, state, params=None, *, losses=None, active=None, key=None, **extra):
        del extra
        jacobian, active = read(updates, params, active)
        losses = per_task('losses', losses, jacobian.num_tasks)
        if state.task_weights is not None:
            per_task('The state of the surgery (num_tasks)', state.task_weights, active.size)
        result, weights, inner = fn(jacobian, state.inner, losses=losses, active=active, key=key)
        return result, SurgeryState(kept(weights, state.task_weights), inner)

    return make_surgery(init_fn, update_fn, traits or Traits())


def make_surgery(init: Any, update: Any, traits: Traits) -> Surgery:
    """A `Surgery` from its two functions."""
    surgery = Surgery(init, update)
    surgery.traits = traits
    return surgery


def read(updates: Any, params: Any, active: Array | None) -> tuple[Jacobian, Array]:
    """The Jacobian that reached a method, without its inactive rows; and which tasks are active."""
    jacobian = as_jacobian(updates, params)
    active = per_task('active', active, jacobian.num_tasks)
    if active is None:
        return jacobian, jnp.ones(jacobian.num_tasks, bool)
    active = active.astype(bool)
    if not isinstance(updates, Jacobian):
        jacobian = without_inactive(jacobian, active)
    return jacobian, active


def per_task(name: str, values: Any, num_tasks: int) -> Array | None:
    """An extra argument as an array ``[T]``; None stays None."""
    if values is None:
        return None
    values = jnp.asarray(values)
    if values.shape != (num_tasks,):
        raise ValueError(f'{name} should be one per task, [{num_tasks}]. Found {values.shape}.')
    return values


def kept(weights: Array, before: Array | None) -> Array | None:
    """Task weights in the dtype of the state, which may not have room for them."""
    return None if before is None else weights.astype(before.dtype)


def scaled_weights(state: SurgeryState, factor: Array) -> Array | None:
    """The task weights of a method's state, times a factor."""
    weights = state.task_weights
    return None if weights is None else (factor * weights).astype(weights.dtype)


def weights_of(state: SurgeryState, wrapper: str) -> Array:
    """The task weights of a method's state, or an error that says how to give T."""
    if state.task_weights is None:
        raise ValueError(
            f'{wrapper} needs task weights, and so T: pass num_tasks=T to {wrapper}, or, where '
            'parameters are not laid out by a sharing scheme, to on_shared.'
        )
    return state.task_weights


def check_inner(method: Surgery, wrapper: str) -> None:
    """Refuse what is no surgery, and what belongs around the wrapper."""
    if not isinstance(method, Surgery):
        raise ValueError(f'{wrapper} needs a surgery, such as surgery.pcgrad(). Found {method!r}.')
    if method.traits.whole:
        raise ValueError(f'on_shared goes around {wrapper}: on_shared({wrapper}(method, ...)).')


def needs_linear(method: Surgery, wrapper: str) -> None:
    """Refuse methods whose update is not ``J^T task_weights``."""
    check_inner(method, wrapper)
    if not method.traits.linear:
        raise ValueError(
            f'{wrapper} needs a surgery whose update is the sum of the gradients with its task '
            f'weights. Found {method!r}.'
        )


def known_tasks(num_tasks: int | None) -> int:
    """T, or an error that says how to give it."""
    if num_tasks is None:
        raise ValueError(
            'This surgery keeps a state per task: pass num_tasks=T to its factory, or to on_shared '
            'where parameters are not laid out by a sharing scheme.'
        )
    return num_tasks


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
    zeros = jax.tree.map(jnp.zeros_like, jacobian.stacked())
    return Stacked(where_rows(active, jacobian.stacked(), zeros), jacobian.num_tasks)


def where_rows(mask: Array, rows: PyTree, otherwise: PyTree) -> PyTree:
    """The rows ``[T, ...]`` of one tree where ``mask`` ``[T]`` holds, else those of the other."""

    def choose(row, other):
        return jnp.where(mask.reshape((-1,) + (1,) * (row.ndim - 1)), row, other)

    return jax.tree.map(choose, rows, otherwise)
