"""A check of sharing schemes."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mtljax import backbones, gradients, heads, sharing, training
from mtljax.base import Batch, Key, Module, MultiTask, Params, PyTree, State, Task
from mtljax.testing import _scheme_rows as rows


def check_scheme(
    scheme: Callable[[tuple[Module, ...], Mapping[str, Module]], MultiTask],
    *,
    backbone: tuple[Module, ...] | None = None,
    tasks: Mapping[str, Task] | None = None,
    batch: Batch | None = None,
) -> None:
    """Check that the models of a sharing scheme follow the rules of `MultiTask`.

    The function builds one model with random parameters, and checks these rules:

    - layout: ``params`` is ``{'shared': ..., 'task': {'heads': {task: ...}, ...}}``, and the tasks
      of the model are in the order of the heads.
    - reach: for each leaf of ``params['shared']``, two or more losses have a non-zero gradient. For
      each leaf of ``params['task']``, exactly one loss has a non-zero gradient. If such a leaf is
      stacked over the tasks, ``[T, ...]``, only the loss of task t has a non-zero gradient in row
      t. For each head, the loss of its task has a non-zero gradient.
    - gradients: a weighted sum of the task gradients is equal to the gradient that ``jax.grad``
      computes for the weighted sum of the losses.
    - losses: the loss of each task is the loss of its prediction, plus the auxiliary loss of the
      model for this task, if there is one. A loss is not compared if ``train=True`` changes the
      prediction, as with dropout.
    - readout: if the model predicts only some tasks, the predictions are the same as if it predicts
      all tasks.
    - state: a training step does not change the structure, the shapes and the dtypes of the state.
      A prediction with ``train=False`` does not change the values of the state either.
    - jit: the predictions are the same with and without ``jax.jit``.
    - missing labels: if the labels of one task are missing, the losses and gradients of all other
      tasks do not change, and all gradients are finite.
    - inputs: if `sharing.multi_input` wraps the model, the prediction of a task depends only on the
      input of this task.

    Args:
      scheme: A function ``(backbone, heads) -> MultiTask``. Set its options with
        `functools.partial`.
      backbone: The network without the heads, as a tuple of stages. The default is two dense
        layers.
      tasks: Two or more tasks, ``{name: Task}``. The default is a classification and a regression.
      batch: A batch of examples without missing labels. It is required if you pass ``tasks``. If
        `sharing.multi_input` wraps the model, the inputs of the batch are ``{task: x}``.

    Raises:
      AssertionError: The scheme breaks a rule. The message says which rule, and at which leaf.
      ValueError: Only one of ``tasks`` and ``batch`` is given, or there are fewer than two tasks.

    >>> from mtljax import sharing
    >>> check_scheme(sharing.hard)
    >>> def unordered(backbone, heads):
    ...     return sharing.hard(backbone, dict(sorted(heads.items())))
    >>> check_scheme(unordered)
    Traceback (most recent call last):
    AssertionError: layout: model.tasks should be ('wide', 'b'). Found ('b', 'wide').
    """
    if (tasks is None) != (batch is None):
        raise ValueError('tasks and batch should be given together. Found only one of them.')
    tasks = _small_tasks() if tasks is None else tasks
    batch = _small_batch() if batch is None else batch
    if len(tasks) < 2:
        raise ValueError(f'tasks should hold two or more tasks. Found {list(tasks)}.')
    stages = backbones.mlp((6, 4), activation=jnp.tanh) if backbone is None else backbone
    model = scheme(stages, {name: task.head for name, task in tasks.items()})
    rows.check_order(model, tasks)
    # Not in the compiled function: the programs that draw numbers are slow to compile, and all
    # schemes share them.
    params, state = model.init(jax.random.key(3), batch.inputs)
    params = _at_random(params)
    compute = jax.jit(functools.partial(_facts, model, tasks))
    facts = jax.device_get(compute(params, state, batch, jax.random.key(3)))
    rows.check_layout(model, facts)
    rows.check_reach(model, facts)
    rows.check_gradients(facts)
    rows.check_losses(model, tasks, batch, facts)
    rows.check_readout(model, facts)
    rows.check_state(facts)
    rows.check_inputs(model, facts)
    rows.check_jit(model, batch, facts)
    unlabelled = _without_labels(batch, model.tasks[-1])
    missing = compute(params, state, unlabelled, jax.random.key(3))
    rows.check_missing_labels(facts, jax.device_get(missing))


def _facts(
    model: MultiTask,
    tasks: Mapping[str, Task],
    params: Params,
    state: State,
    batch: Batch,
    key: Key,
) -> rows.Facts:
    cut, _ = training.objective(model, tasks, state, batch, key)
    weights = jnp.linspace(0.5, 2.0, len(tasks))
    (losses, after), jacobian = gradients.task_gradients(cut, params, has_aux=True)
    z, now = model.features(params, state, batch.inputs)
    predictions, read = model.readout(params, now, z)
    return rows.Facts(
        params=params,
        state=state,
        predictions=predictions,
        trained=model.apply(params, state, batch.inputs, key=key, train=True)[0],
        last=model.readout(params, now, z, tasks=model.tasks[-1:])[0],
        rolled=_on_own_inputs(model, params, state, batch.inputs),
        read=read,
        after=after,
        losses=losses,
        weights=weights,
        jacobian=jacobian.stacked(),
        combined=jacobian.combine(weights),
        whole=jax.grad(lambda p: cut(p)[0] @ weights)(params),
    )


def _at_random(params: Params) -> Params:
    """Move the parameters a little, so that none has a special value such as 0."""
    rng = np.random.default_rng(3)
    return jax.tree.map(lambda v: v + 0.1 * rng.normal(size=v.shape).astype(v.dtype), params)


def _on_own_inputs(model: MultiTask, params: Params, state: State, x: PyTree) -> dict[str, Any]:
    """Predict with the examples of task t rolled by t; {} if the tasks already have own inputs."""
    if isinstance(x, dict) and set(x) == set(model.tasks):
        return {}
    own = {
        name: jax.tree.map(lambda leaf, at=at: jnp.roll(leaf, at, axis=0), x)
        for at, name in enumerate(model.tasks)
    }
    return sharing.multi_input(model).apply(params, state, own)[0]


def _without_labels(batch: Batch, task: str) -> Batch:
    """Remove all labels of one task; its targets become NaN if they are floats."""

    def hide(leaf):
        leaf = np.asarray(leaf)
        return np.full_like(leaf, np.nan) if np.issubdtype(leaf.dtype, np.floating) else leaf

    targets = batch.targets | {task: jax.tree.map(hide, batch.targets[task])}
    return batch._replace(
        targets=targets, mask=batch.mask | {task: np.zeros_like(batch.mask[task])}
    )


def _small_tasks() -> dict[str, Task]:
    """Return two kinds of tasks, whose names are not in sorted order."""
    return {
        'wide': Task(heads.linear(3), optax.softmax_cross_entropy_with_integer_labels),
        'b': Task(heads.linear(), optax.squared_error),
    }


def _small_batch(size: int = 8) -> Batch:
    rng = np.random.default_rng(0)
    targets = {
        'wide': rng.integers(3, size=size).astype(np.int32),
        'b': rng.normal(size=size).astype(np.float32),
    }
    inputs = rng.normal(size=(size, 5)).astype(np.float32)
    return Batch(inputs, targets, {name: np.ones(size, bool) for name in targets})
