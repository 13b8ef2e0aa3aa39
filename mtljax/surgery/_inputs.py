"""Checks of the arguments of ``update`` and ``init``."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Shaped

from mtljax.base import Jacobian
from mtljax.gradients import as_jacobian
from mtljax.surgery._rows import without_inactive


def read(updates: Any, params: Any, active: Any) -> tuple[Jacobian, Bool[Array, 'T']]:
    """Return the task gradients as a Jacobian, and booleans that say which tasks are active.

    A task is active if it has a label in the batch. The gradients of the other tasks are set to 0
    if ``updates`` is a plain tree.
    """
    jacobian = as_jacobian(updates, params)
    active = per_task('active', active, jacobian.num_tasks)
    if active is None:
        return jacobian, jnp.ones(jacobian.num_tasks, bool)
    active = active.astype(bool)
    if not isinstance(updates, Jacobian):
        jacobian = without_inactive(jacobian, active)
    return jacobian, active


def per_task(name: str, values: Any, num_tasks: int) -> Shaped[Array, 'T'] | None:
    """Return ``values`` as an array with one entry per task, ``[T]``; None stays None.

    >>> per_task('losses', [1.0, 2.0], 3)
    Traceback (most recent call last):
    ValueError: losses should have one value per task, [3]. Found shape (2,).
    """
    if values is None:
        return None
    values = jnp.asarray(values)
    if values.shape != (num_tasks,):
        raise ValueError(
            f'{name} should have one value per task, [{num_tasks}]. Found shape {values.shape}.'
        )
    return values


def known_tasks(num_tasks: int | None) -> int:
    """Return the number of tasks; if it is unknown, raise an error that says how to pass it."""
    if num_tasks is None:
        raise ValueError(
            'A surgery with one value per task in its state needs the number of tasks at init. '
            'Found num_tasks = None. Pass num_tasks=T where you make the surgery, or to on_shared '
            'if the model does not come from a sharing scheme.'
        )
    return num_tasks
