"""The shape of a method around another method."""

from collections.abc import Callable
from typing import Any

from mtljax.base import Array, Jacobian, PyTree
from mtljax.surgery._surgery import Surgery, SurgeryState, Traits, make_surgery, read

Run = Callable[[Jacobian, Any], tuple[PyTree, SurgeryState]]
"""``(jacobian, state of the method) -> (updates, state)``."""


def wrapped(
    method: Surgery,
    start: Callable[[SurgeryState], tuple[Array | None, PyTree]],
    step: Callable[[Run, Jacobian, SurgeryState, Array], tuple[PyTree, Array | None, PyTree]],
    traits: Traits,
    num_tasks: int | None = None,
) -> Surgery:
    """A surgery around a surgery.

    Args:
      method: what is wrapped.
      start: ``(first state of the method) -> (task_weights, inner)``.
      step: ``(run, jacobian, state, active) -> (updates, task_weights, inner)``.
      traits: of the whole.
      num_tasks: T, where it stands alone.
    """
    begin: Any = method.init
    advance: Any = method.update

    known = {} if num_tasks is None else {'num_tasks': num_tasks}

    def init(params, **extra):
        return SurgeryState(*start(begin(params, **known | extra)))

    def update(updates, state, params=None, *, active=None, **extra):
        jacobian, alive = read(updates, params, active)

        def run(rows, inner):
            return advance(rows, inner, params, active=alive, **extra)

        updates, weights, inner = step(run, jacobian, state, alive)
        return updates, SurgeryState(weights, inner)

    return make_surgery(init, update, traits)
