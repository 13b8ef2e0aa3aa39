"""The contract of a sharing scheme."""

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
    """Check that a sharing scheme keeps the contract of `MultiTask`.

    The check builds one small model with random parameters and looks at these rows:

    - layout: ``params`` is ``{'shared': ..., 'task': {'heads': {task: ...}, ...}}``, and the tasks
      are in the order of the heads.
    - reach: each leaf of ``'shared'`` has a gradient from two or more losses. Each leaf of
      ``'task'`` has a gradient from one loss; a leaf that is stacked over the tasks ``[T, ...]``
      has in row t a gradient from loss t only. Each head has a gradient from its task.
    - gradients: the per-task gradients sum to the gradient that ``jax.grad`` takes of the whole
      model.
    - losses: each loss is the loss of the prediction of its task, plus the auxiliary loss.
    - readout: a readout of some tasks gives the same predictions as a readout of all tasks.
    - state: a step of training keeps the structure, the shapes and the dtypes of the state;
      a prediction without training keeps its values.
    - jit: the predictions are the same with and without ``jax.jit``.
    - missing labels: without the labels of one task the losses and gradients of all other tasks
      stay the same, and all gradients are finite.
    - inputs: with `sharing.multi_input` each prediction is a function of the input of its task.

    Args:
      scheme: ``(backbone, heads) -> MultiTask``. Use `functools.partial` to set its options.
      backbone: The stages of the model; two dense layers by default.
      tasks: ``{task: Task}``, two or more; a classification and a regression by default.
      batch: Examples with all labels. It is required with ``tasks``. Inputs ``{task: x}`` are
        meant for a scheme that `sharing.multi_input` wraps.

    Raises:
      AssertionError: The scheme breaks the contract. The message names the row and the leaf.
      ValueError: ``tasks`` is given without ``batch`` or the other way round, or there are fewer
        than two tasks.

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
    compute = jax.jit(functools.partial(_facts, model, tasks))
    facts = jax.device_get(compute(batch, jax.random.key(3)))
    rows.check_layout(model, facts)
    rows.check_reach(model, facts)
    rows.check_gradients(facts)
    rows.check_losses(model, tasks, batch, facts)
    rows.check_readout(model, facts)
    rows.check_state(facts)
    rows.check_inputs(model, facts)
    rows.check_jit(model, batch, facts)
    missing = compute(_without_labels(batch, model.tasks[-1]), jax.random.key(3))
    rows.check_missing_labels(facts, jax.device_get(missing))


def _facts(model: MultiTask, tasks: Mapping[str, Task], batch: Batch, key: Key) -> rows.Facts:
    params, state = model.init(key, batch.inputs)
    params = _at_random(params, key)
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


def _at_random(params: Params, key: Key) -> Params:
    """Parameters near the first ones: none keeps a special value, such as 0."""
    leaves, treedef = jax.tree.flatten(params)
    keys = jax.random.split(key, len(leaves))
    moved = [v + 0.1 * jax.random.normal(k, v.shape) for v, k in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(treedef, moved)


def _on_own_inputs(model: MultiTask, params: Params, state: State, x: PyTree) -> dict[str, Any]:
    """Predictions where task t has the same examples, but rolled by t; {} for inputs per task."""
    if isinstance(x, dict) and set(x) == set(model.tasks):
        return {}
    own = {
        name: jax.tree.map(lambda leaf, at=at: jnp.roll(leaf, at, axis=0), x)
        for at, name in enumerate(model.tasks)
    }
    return sharing.multi_input(model).apply(params, state, own)[0]


def _without_labels(batch: Batch, task: str) -> Batch:
    """No label of one task; its targets are NaN where they are floats."""

    def hide(leaf):
        leaf = np.asarray(leaf)
        return np.full_like(leaf, np.nan) if np.issubdtype(leaf.dtype, np.floating) else leaf

    targets = batch.targets | {task: jax.tree.map(hide, batch.targets[task])}
    return batch._replace(
        targets=targets, mask=batch.mask | {task: np.zeros_like(batch.mask[task])}
    )


def _small_tasks() -> dict[str, Task]:
    """Two kinds of predictions, with names in no sorted order."""
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
