"""The gradients of all tasks, from one forward pass."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mtljax import trees
from mtljax._numeric import mean_over
from mtljax.base import Jacobian, Params
from mtljax.gradients._cut import Cut
from mtljax.gradients._engines import check_engine, choose, rows_of
from mtljax.gradients._jacobian import Pullback, Stacked
from mtljax.gradients._lean import Lean
from mtljax.gradients._model_jacobian import ModelJacobian, TaskPart
from mtljax.gradients._representation import Representation
from mtljax.tracing import only_reverse


def task_gradients(
    losses_of: Callable[[Params], Any] | Cut,
    params: Params,
    *,
    engine: str = 'auto',
    prefer: str = 'time',
    axis_name: str | None = None,
    has_aux: bool = False,
) -> tuple[Any, Jacobian]:
    """Compute the losses of all tasks and their Jacobian with respect to the parameters.

    The Jacobian has one row per task: the gradient of the loss of this task. The Gramian of the
    Jacobian is the matrix of the inner products of all rows. An engine is a way to compute the rows
    or the Gramian:

    - ``'batched'`` runs the backward passes of all tasks in one `jax.vmap`.
    - ``'loop'`` runs the backward passes of the tasks one after the other.
    - ``'lean'`` does not store the rows. It computes the Gramian with one backward pass and one
      forward-mode derivative (`jax.linearize`) for each task.
    - ``'representation'`` is an approximation for a `Cut`. In place of the Gramian of the rows, it
      uses the Gramian of the gradients with respect to the features, as the method MGDA-UB does
      (Sener & Koltun, NeurIPS 2018, https://arxiv.org/abs/1810.04650). For a plain loss function,
      it is the same as ``'batched'``.
    - ``'auto'`` chooses one of the first three engines; see `choose`.

    Args:
      losses_of: A function ``params -> losses [T]``, or a `Cut`. A `Cut` also says where the trunk
        of the model ends and the heads begin, so that one backward pass through the heads is enough
        for all tasks. If a task has no labels in the batch, set its loss to 0 with ``jnp.where``.
        Do not multiply the loss by 0, because 0 times NaN is NaN.
      params: The parameters at which the gradients are taken. For a `Cut` they are
        ``{'shared': ..., 'task': ...}``.
      engine: The name of an engine from the list above.
      prefer: What the engine ``'auto'`` should save, ``'time'`` or ``'memory'``.
      axis_name: The axis name of a surrounding `jax.pmap`. Losses and gradients are averaged over
        its devices before a Gramian is computed.
      has_aux: Whether ``losses_of`` returns ``(losses, aux)``. If so, this function returns
        ``((losses, aux), jacobian)``.

    Returns:
      The losses ``[T]`` and the Jacobian, a `mtljax.Jacobian`.

    Raises:
      ValueError: The losses are not a vector, or the engine or the preference is unknown.

    >>> losses, jacobian = task_gradients(lambda w: jnp.stack([w @ w, -w.sum()]), jnp.ones(3))
    >>> jacobian.gramian()
    Array([[12., -6.],
           [-6.,  3.]], dtype=float32)
    """
    check_engine(engine, prefer)
    choice = _Choice(engine, prefer)
    if isinstance(losses_of, Cut):
        losses, jacobian, aux = _at_cut(losses_of, params, choice, axis_name)
    else:
        losses, jacobian, aux = _of_function(losses_of, params, choice, axis_name, has_aux)
    losses = mean_over(axis_name, losses)
    return ((losses, aux) if has_aux else losses), jacobian


class _Choice(NamedTuple):
    """The engine and the preference that the caller chose."""

    engine: str
    prefer: str

    def name(self, losses_of, params, pull, cotangent, num_tasks: int) -> str:
        if self.engine != 'auto':
            return self.engine
        name = choose(params, pull, cotangent, num_tasks, prefer=self.prefer)
        return 'loop' if name == 'lean' and only_reverse(losses_of, params) else name


def _of_function(losses_of, params, choice: _Choice, axis_name, has_aux):
    def with_aux(params):
        return losses_of(params) if has_aux else (losses_of(params), None)

    losses, pull, aux = jax.vjp(with_aux, params, has_aux=True)
    if jnp.ndim(losses) != 1:
        raise ValueError(f'The losses should be a vector [T]. Found shape {jnp.shape(losses)}.')
    name = choice.name(with_aux, params, pull, losses, losses.shape[0])
    if name == 'lean':
        return _lean(with_aux, params, axis_name)
    rows = tuple(jnp.eye(losses.shape[0], dtype=losses.dtype))
    engine = rows_of(name, pull, losses)
    return losses, Pullback(lambda row: pull(row)[0], rows, engine, axis_name), aux


def _lean(losses_of, params, axis_name):
    losses, push, aux = jax.linearize(losses_of, params, has_aux=True)
    transpose = jax.linear_transpose(push, params)

    def pull(weights):
        return transpose(weights.astype(losses.dtype))[0]

    engine = rows_of('lean', pull, losses)
    return losses, Lean(push, pull, jnp.ones_like(losses), engine, axis_name), aux


def _at_cut(cut: Cut, params, choice: _Choice, axis_name):
    shared, task = params['shared'], params['task']

    def trunk(shared):
        z, carry = cut.trunk(shared)
        moving, fixed = trees.partition(z, _is_differentiable(z))
        return moving, (fixed, carry)

    def whole(shared):
        return cut(params | {'shared': shared})

    z, pull_trunk, (fixed, carry) = jax.vjp(trunk, shared, has_aux=True)
    name = choice.name(whole, shared, pull_trunk, z, cut.num_tasks)
    engine = rows_of(name, pull_trunk, z)
    copies, readout = _copies(cut, shared, z, fixed, carry)
    losses, pull_heads, aux = jax.vjp(readout, task, copies, has_aux=True)
    lean = None
    if name == 'lean' and copies:
        lean = _lean(whole, shared, axis_name)[1]

    def pull_shared(row):
        from_z = pull_trunk(row['z'])[0]
        return jax.tree.map(jnp.add, from_z, row['shared']) if cut.coupled else from_z

    def pull_task(weights):
        return mean_over(axis_name, pull_heads(weights.astype(losses.dtype))[0])

    def shared_part(weights, rows):
        if lean is not None:
            return lean.scale(weights)
        if not rows:
            return Stacked(shared, cut.num_tasks)  # without leaves
        exact = Pullback(pull_shared, rows, engine, axis_name)
        return Representation(exact) if name == 'representation' else exact

    def weighted(weights: Float[Array, 'T']) -> ModelJacobian:
        total, rows = pull_heads(weights.astype(losses.dtype))
        task_part = TaskPart(pull_task, mean_over(axis_name, total), weights, engine)
        parts = {'shared': shared_part(weights, rows), 'task': task_part}
        return ModelJacobian(weighted, parts, weights)

    return losses, weighted(jnp.ones(cut.num_tasks)), aux


def _copies(cut: Cut, shared, z, fixed, carry):
    """References to ``z``, one per task, so that one pullback of the heads separates the tasks.

    If no parameter is shared, no reference is needed, and all tasks are read out at once.
    """
    if not jax.tree.leaves(shared):

        def together(task, copies):
            return cut.losses({'task': task} | _lent(cut, shared), trees.merge(z, fixed), carry)

        return (), together

    def apart(task, copies):
        losses, state = [], carry
        for index, copy in enumerate(copies):
            params = {'task': task} | _lent(cut, copy.get('shared'))
            loss, state = cut.loss(params, trees.merge(copy['z'], fixed), state, index)
            losses.append(loss)
        return jnp.stack(losses), state

    return ({'z': z} | _lent(cut, shared),) * cut.num_tasks, apart


def _lent(cut: Cut, shared):
    return {'shared': shared} if cut.coupled else {}


def _is_differentiable(tree):
    return jax.tree.map(lambda leaf: jnp.issubdtype(leaf.dtype, jnp.inexact), tree)
