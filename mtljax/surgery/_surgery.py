"""The type of every method: per-task gradients in, one gradient out."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol, cast, runtime_checkable

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from mtljax.base import Params, PyTree
from mtljax.surgery._inputs import per_task, read


class SurgeryState(NamedTuple):
    """The state of a surgery.

    Attributes:
      task_weights: The weights of the last step, ``[T]``. Wrappers, heads and logs read them. They
        are None if T was not known at init.
      inner: The state of the method. Methods with a solver keep the ``residual`` of the
        solver here; ``optax.tree.get(state, 'residual')`` reads it.
    """

    task_weights: Float[Array, 'T'] | None
    inner: PyTree


class Traits(NamedTuple):
    """The properties of a method that wrappers need.

    Attributes:
      weighs_heads: Whether the paper applies the task weights to the gradients of the heads too.
      plain: Whether the weights depend on ``active`` only, so that one backward pass is enough.
      scale: The update for equal gradients g: ``T g`` ('sum'), ``g`` ('mean', up to a constant), or
        something else ('own').
      linear: Whether the update is ``J^T task_weights``.
      whole: Whether the method separates shared parameters from the others itself, as
        `on_shared` does.
      rule: ``(norms, cosines, inner, *, losses, active, key) -> (weights, inner)``, for methods
        that read the gradients only through their norms and cosines; None for the others.
    """

    weighs_heads: bool = False
    plain: bool = False
    scale: Literal['sum', 'mean', 'own'] = 'own'
    linear: bool = True
    whole: bool = False
    rule: Callable[..., tuple[Array, PyTree]] | None = None


@runtime_checkable
class SurgeryInit(Protocol):
    """``init`` of a surgery."""

    def __call__(self, params: Any, *, num_tasks: int | None = None) -> Any:
        """The first state; methods that keep one value per task need ``num_tasks``."""
        ...


class Surgery(optax.GradientTransformationExtraArgs):
    """An optax transform from per-task gradients to one gradient.

    ``init`` also takes ``num_tasks=T``. ``update`` takes three more keyword-only arguments:
    ``losses`` (``[T]``), ``active`` (booleans ``[T]``, True for tasks with a label in the batch; by
    default all are True) and ``key``.

    Attributes:
      traits: The properties of the method that wrappers need.

    >>> method = Surgery(lambda params: (), lambda updates, state, params=None, **extra: (1, state))
    >>> method.traits.scale, method._replace(traits=Traits(scale='sum')).traits.scale
    ('own', 'sum')
    """

    traits: Traits

    def __new__(cls, init: Any, update: Any, traits: Traits | None = None) -> 'Surgery':
        surgery = super().__new__(cls, init, update)
        surgery.traits = Traits() if traits is None else traits
        return surgery

    def _replace(self, **changes: Any) -> 'Surgery':
        """A copy with other functions or other traits."""
        parts: dict[str, Any] = {'init': self.init, 'update': self.update, 'traits': self.traits}
        return Surgery(**parts | changes)


def init_of(method: Surgery) -> SurgeryInit:
    """``init`` of a method, with the keyword ``num_tasks`` that optax's type does not have."""
    return cast(SurgeryInit, method.init)


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
      init: ``(params, num_tasks or None) -> inner``; None for a method without a state.
      num_tasks: T. Needed for a method that keeps a state, unless the method is inside
        `on_shared`, which knows T.
      traits: The properties of the method that wrappers need.

    Returns:
      The method.

    >>> def first(jacobian, inner, *, losses, active, key):
    ...     weights = jnp.zeros(jacobian.num_tasks).at[0].set(1)
    ...     return jacobian.combine(weights), weights, inner
    >>> method = transform(first)
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [1.0, 2.0]
    """
    default_tasks = num_tasks

    def init_fn(params: Params, *, num_tasks: int | None = default_tasks) -> SurgeryState:
        weights = None if num_tasks is None else jnp.ones(num_tasks)
        return SurgeryState(weights, () if init is None else init(params, num_tasks))

    def update_fn(updates, state, params=None, *, losses=None, active=None, key=None, **extra):
        del extra
        jacobian, active = read(updates, params, active)
        losses = per_task('losses', losses, jacobian.num_tasks)
        before = state.task_weights
        if before is not None:
            per_task('The state of the surgery (num_tasks)', before, active.size)
        result, weights, inner = fn(jacobian, state.inner, losses=losses, active=active, key=key)
        weights = None if before is None else weights.astype(before.dtype)
        return result, SurgeryState(weights, inner)

    return Surgery(init_fn, update_fn, traits or Traits())
