"""What all methods that wrap another method have in common."""

from collections.abc import Callable
from typing import Any

from jaxtyping import Array, Float

from mtljax.base import Jacobian, PyTree
from mtljax.options import check_optional_count
from mtljax.surgery._inputs import read
from mtljax.surgery._surgery import Surgery, SurgeryState, Traits, init_of

Run = Callable[[Jacobian, Any], tuple[PyTree, SurgeryState]]
"""``(jacobian, state of the method) -> (updates, state)``."""


def wrapped(
    method: Surgery,
    start: Callable[[SurgeryState], tuple[Array | None, PyTree]],
    step: Callable[[Run, Jacobian, SurgeryState, Array], tuple[PyTree, Array | None, PyTree]],
    traits: Traits,
    num_tasks: int | None = None,
) -> Surgery:
    """Make a surgery around another surgery.

    Args:
      method: The surgery inside.
      start: A function from the first state of the method to ``(task_weights, inner)``.
      step: A function ``(run, jacobian, state, active) -> (updates, task_weights, inner)``. It
        calls ``run`` to update by the method inside.
      traits: The traits of the result.
      num_tasks: The number of tasks, for use without `on_shared`.
    """
    check_optional_count('num_tasks', num_tasks)
    default_tasks = {} if num_tasks is None else {'num_tasks': num_tasks}

    def init(params, **extra):
        return SurgeryState(*start(init_of(method)(params, **default_tasks | extra)))

    def update(updates, state, params=None, *, active=None, **extra):
        jacobian, active = read(updates, params, active)

        def run(rows, inner):
            return method.update(rows, inner, params, active=active, **extra)

        updates, weights, inner = step(run, jacobian, state, active)
        return updates, SurgeryState(weights, inner)

    return Surgery(init, update, traits)


def check_inner(method: Surgery, wrapper: str) -> None:
    """Raise an error if the method is not a surgery, or if it must be outside the wrapper."""
    if not isinstance(method, Surgery):
        raise ValueError(f'{wrapper} needs a surgery, such as surgery.pcgrad(). Found {method!r}.')
    if method.traits.whole:
        raise ValueError(
            f'{wrapper} needs a method without on_shared. Found {method!r}. '
            f'on_shared goes around {wrapper}: on_shared({wrapper}(method, ...)).'
        )


def needs_linear(method: Surgery, wrapper: str) -> None:
    """Raise an error if the update is not the sum of the gradients with the task weights."""
    check_inner(method, wrapper)
    if not method.traits.linear:
        raise ValueError(
            f'{wrapper} needs a surgery whose update is the sum of the gradients with its task '
            f'weights. Found {method!r}.'
        )


def weights_of(state: SurgeryState, wrapper: str) -> Float[Array, 'T']:
    """Return the task weights in a state; without them, the error says how to pass T."""
    if state.task_weights is None:
        raise ValueError(
            f'{wrapper} needs task weights, and therefore the number of tasks. Found '
            f'num_tasks = None. Pass num_tasks=T to {wrapper}, or to on_shared if the model does '
            'not come from a sharing scheme.'
        )
    return state.task_weights


def scaled_weights(state: SurgeryState, factor: Array) -> Float[Array, 'T'] | None:
    """Return the task weights in the state of a method, times a factor."""
    weights = state.task_weights
    return None if weights is None else (factor * weights).astype(weights.dtype)
