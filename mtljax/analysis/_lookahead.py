"""How the step of one task changes the loss of every other task."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mtljax._numeric import divide
from mtljax.base import Params
from mtljax.gradients import Cut, task_gradients
from mtljax.options import check_positive


def lookahead(
    losses_of: Callable[[Params], Any] | Cut,
    params: Params,
    step_size: Any,
    *,
    active: Bool[Array, 'T'] | None = None,
) -> Float[Array, 'T T']:
    """The lookahead affinity: how the gradient step of one task changes the loss of another one.

    Entry (i, j) is ``1 - L_j(s - step_size g_i, p) / L_j(s, p)``. Here s are the shared parameters,
    p are all other parameters, ``L_j`` is the loss of task j, and ``g_i`` is the gradient of
    ``L_i`` with respect to s. The entry is positive if the step of task i reduces the loss of task
    j (TAG: Fifty, Amid, Zhao, Yu, Anil, Finn, NeurIPS 2021, https://arxiv.org/abs/2109.04617).

    One value on one batch is noisy. Average it over many batches and over the training, for example
    with ``jnp.nanmean``. It costs one backward pass and one forward pass per task. It needs losses
    that are positive, such as a mean squared error or a cross entropy.

    Args:
      losses_of: A function from the parameters to the losses ``[T]`` on one batch, or a
        `gradients.Cut`, as `training.objective` returns.
      params: The parameters. If they have the form ``{'shared': ..., 'task': ...}``, the steps
        change ``params['shared']`` only.
      step_size: The size of the steps, such as the learning rate.
      active: The tasks with a label in the batch, ``[T]``. The default is all tasks.

    Returns:
      The affinities, ``[T, T]``. NaN if one of the two tasks has no label in the batch, or if a
      loss is 0 or below.

    Raises:
      ValueError: ``step_size`` is not positive.

    >>> losses_of = lambda params: (params['shared'] - jnp.array([1.0, -1.0])) ** 2
    >>> params = {'shared': jnp.array(0.0), 'task': {}}
    >>> (lookahead(losses_of, params, 0.1) > 0).tolist()
    [[True, False], [False, True]]
    """
    check_positive('step_size', step_size)
    is_cut = isinstance(losses_of, Cut)
    losses, jacobian = task_gradients(losses_of, params, has_aux=is_cut)
    before = losses[0] if is_cut else losses
    rows = jacobian.stacked()

    def after(step: Params) -> Any:
        moved = jax.tree.map(
            lambda leaf, g: leaf - (step_size * g).astype(leaf.dtype), params, step
        )
        found = losses_of(moved)
        return found[0] if is_cut else found

    known = before > 0
    if active is not None:
        known &= active
    ratio = divide(jax.vmap(after)(_of_shared(rows)), before[None], known[None])
    there = known[None] & (known[:, None] if active is None else active[:, None])
    return jnp.where(there, 1 - ratio, jnp.nan)


def _of_shared(rows: Params) -> Params:
    """Set the gradients of parameters that are not shared to 0."""
    if not isinstance(rows, dict) or set(rows) != {'shared', 'task'}:
        return rows
    return {'shared': rows['shared'], 'task': jax.tree.map(jnp.zeros_like, rows['task'])}
