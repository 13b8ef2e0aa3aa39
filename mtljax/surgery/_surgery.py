"""The type of every surgery method: an optax transform from task gradients to one update."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol, cast, runtime_checkable

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from mtljax.base import Params, PyTree
from mtljax.options import check_optional_count
from mtljax.surgery._inputs import per_task, read


class SurgeryState(NamedTuple):
    """The optimizer state of a surgery method.

    Attributes:
      task_weights: The weight of each task in the last step, ``[T]`` for T tasks. It is None if
        ``init`` did not receive the number of tasks, and with `per_group`, where the weights differ
        between the groups.
      inner: The state that the method itself needs. If the method solves an optimisation problem,
        this state contains the remaining error of the solver as ``residual``. You can read it with
        ``optax.tree.get(state, 'residual')``.
    """

    task_weights: Float[Array, 'T'] | None
    inner: PyTree


class Traits(NamedTuple):
    """Properties of a surgery method, which functions such as `on_shared` and `rescale` read.

    Below, T is the number of tasks and ``g_t`` is the gradient of task t.

    Attributes:
      weighs_heads: True if `on_shared` should by default multiply the gradients of the heads by the
        task weights, as the paper of the method does.
      plain: True if the task weights depend only on which tasks have a label in the batch. One
        backward pass then computes the update.
      scale: The update when every task gradient equals g. ``'sum'`` means ``T g``, ``'mean'`` means
        ``c g`` with a constant c that does not depend on T, and ``'own'`` means any other update.
      linear: True if the update is ``sum_t task_weights[t] g_t``.
      whole: True if the method itself separates the shared parameters from the other parameters, as
        `on_shared` does.
      rule: For a method that reads only the norms and cosines of the task gradients: the function
        ``(norms, cosines, inner, *, losses, active, key) -> (weights, inner)`` that computes the
        task weights. ``inner`` is the state of the method. The other arguments are those of the
        ``update`` of a `Surgery`. For other methods, ``rule`` is None.
    """

    weighs_heads: bool = False
    plain: bool = False
    scale: Literal['sum', 'mean', 'own'] = 'own'
    linear: bool = True
    whole: bool = False
    rule: Callable[..., tuple[Array, PyTree]] | None = None


@runtime_checkable
class SurgeryInit(Protocol):
    """The type of the function ``init`` of a surgery."""

    def __call__(self, params: Any, *, num_tasks: int | None = None) -> Any:
        """Return the first state; a method with one value per task needs ``num_tasks``."""
        ...


class Surgery(optax.GradientTransformationExtraArgs):
    """A surgery method: an optax transform that turns the gradients of all tasks into one update.

    ``update`` receives one gradient per task: a tree whose leaves have the shape
    ``(T,) + param.shape`` for T tasks. It returns a tree in the shape of the parameters, so other
    optax transforms can follow in ``optax.chain``.

    ``init`` accepts the number of tasks as the keyword ``num_tasks``. ``update`` accepts three more
    keywords than in optax:

    - ``losses``: The loss of each task, ``[T]``.
    - ``active``: Booleans ``[T]``, True for tasks with a label in the batch. The default is True
      for all tasks.
    - ``key``: A random key, for methods that draw random numbers.

    Attributes:
      traits: Properties of the method, which functions such as `rescale` read.

    >>> from mtljax import surgery
    >>> method = surgery.mean()
    >>> state = method.init({'w': jnp.zeros(2)})
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}  # one row per task
    >>> method.update(updates, state)[0]['w'].tolist()
    [2.0, 3.0]
    >>> method.traits.scale
    'mean'
    """

    traits: Traits

    def __new__(cls, init: Any, update: Any, traits: Traits | None = None) -> 'Surgery':
        surgery = super().__new__(cls, init, update)
        surgery.traits = Traits() if traits is None else traits
        return surgery

    def _replace(self, **changes: Any) -> 'Surgery':
        """Return a copy with other functions or other traits."""
        parts: dict[str, Any] = {'init': self.init, 'update': self.update, 'traits': self.traits}
        return Surgery(**parts | changes)


def init_of(method: Surgery) -> SurgeryInit:
    """Return ``init`` of a method, typed with ``num_tasks``, which optax's type lacks."""
    return cast(SurgeryInit, method.init)


def transform(
    fn: Callable[..., tuple[PyTree, Array, PyTree]],
    init: Callable[..., PyTree] | None = None,
    *,
    num_tasks: int | None = None,
    traits: Traits | None = None,
) -> Surgery:
    """Make a surgery from a function of the task gradients.

    Args:
      fn: A function ``(jacobian, inner, *, losses, active, key) -> (updates, task_weights,
        inner)``. It receives the gradients of all T tasks as an ``mtljax.base.Jacobian``, and the
        state of the method as ``inner``. The other arguments are those of the ``update`` of a
        `Surgery`. The function returns the update in the shape of the parameters, the task weights
        ``[T]`` and the new state.
      init: A function ``(params, num_tasks) -> inner`` that makes the first state; ``num_tasks``
        may be None. Leave it out for a method without a state.
      num_tasks: The number of tasks T. Only a method with a state needs it. You can omit it if the
        method is used in `on_shared`.
      traits: Properties of the method, which functions such as `rescale` read.

    Returns:
      The surgery.

    >>> def first(jacobian, inner, *, losses, active, key):
    ...     weights = jnp.zeros(jacobian.num_tasks).at[0].set(1)
    ...     return jacobian.combine(weights), weights, inner
    >>> method = transform(first)
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [1.0, 2.0]
    """
    check_optional_count('num_tasks', num_tasks)
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
