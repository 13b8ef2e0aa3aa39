"""The norms of the task gradients, for the log."""

from typing import Any

import jax

from mtljax.base import Array, Jacobian, Params


def gradient_norms(jacobian: Any, params: Params, active: Array) -> Array:
    """Return the norm of the gradient of every task, ``[T]``.

    The gradients are those of the shared parameters. If the tasks share nothing, they are those of
    the parameters of each task.

    Args:
      jacobian: The Jacobian of the weighted losses, a `gradients.ModelJacobian`.
      params: The parameters.
      active: Whether the batch has a label of each task, ``[T]``.
    """
    part: Jacobian = jacobian['shared' if jax.tree.leaves(params['shared']) else 'task']
    return part.normalised(active)[0]
