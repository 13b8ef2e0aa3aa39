"""Checks of the shapes of model, tasks and batch."""

from collections.abc import Mapping
from typing import Any

import jax

from mtljax.base import Batch, MultiTask, Params, State, Task
from mtljax.training._check_loss import check_loss
from mtljax.training._ignored import with_ignored
from mtljax.training._shape_text import ROWS, shape_text
from mtljax.training._task_loss import labels_of
from mtljax.training._weights import check_layout


def check_tasks(model: MultiTask, tasks: Mapping[str, Task]) -> None:
    """Raise a ValueError unless every task of the model has a `Task`."""
    if not isinstance(model, MultiTask):
        raise ValueError(
            f'model should be a MultiTask, the result of a sharing scheme. Found {model!r}.'
        )
    missing = [name for name in model.tasks if name not in tasks]
    if missing:
        raise ValueError(
            f'The model has heads for the tasks {list(model.tasks)}, but {missing} have no Task. '
            f'Found tasks {list(tasks)}.'
        )


def check_batch(
    model: MultiTask, tasks: Mapping[str, Task], params: Params, state: State, batch: Batch
) -> dict[str, Any]:
    """Raise a ValueError unless model, losses, metrics and masks fit the shapes of a batch.

    Returns:
      The shapes of the predictions, ``{task: prediction}``.
    """
    for name in model.tasks:
        for what, entries in (('target', batch.targets), ('mask', batch.mask)):
            if name not in entries:
                raise ValueError(
                    f'The batch should have a {what} for task {name!r}. Found {sorted(entries)}.'
                )
    _size(batch)
    check_layout(batch)
    predictions, _ = jax.eval_shape(
        lambda p, s, x: model.apply(p, s, x), params, state, batch.inputs
    )
    for name in model.tasks:
        _check_task(name, tasks[name], predictions[name], batch)
    return predictions


def with_rows(batch: Batch, rows: int = ROWS) -> Batch:
    """Return the shapes of a batch with another number of examples.

    Raises:
      ValueError: The leaves do not share one leading axis of examples.
    """
    _size(batch)
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct((rows, *x.shape[1:]), x.dtype), batch)


def _check_task(name: str, task: Task, prediction, batch: Batch) -> None:
    if task.ignore is not None:
        if not hasattr(batch.targets[name], 'shape'):
            raise ValueError(
                f'The target of task {name!r}, which ignores {task.ignore}, should be one array. '
                f'Found {shape_text(batch.targets[name])}.'
            )
        batch = jax.eval_shape(lambda b: with_ignored(b, {name: task}), batch)
    target, mask = batch.targets[name], batch.mask[name]
    what = f'prediction {shape_text(prediction)} and target {shape_text(target)}'
    loss = check_loss(name, task, prediction, target, mask)
    if mask.dtype != bool or mask.ndim == 0 or loss.shape[: mask.ndim] != mask.shape:
        raise ValueError(
            f'The mask of task {name!r} should be boolean, with the first axes of its loss '
            f'{shape_text(loss)}. Found {mask.dtype}{shape_text(mask)}.'
        )
    if task.over_rows and name in batch.weight:
        raise ValueError(
            f'The loss of task {name!r} compares examples, so its labels should have no weights. '
            'Found weights. Leave them out, or use them inside the loss as part of the target.'
        )
    for name_of_metric, metric in task.metrics.items():
        try:
            sums = jax.eval_shape(metric.update, prediction, *labels_of(batch, name))
            if not metric.collects:
                jax.eval_shape(metric.result, sums)
        except Exception as error:
            weights = ', and weights' if name in batch.weight else ''
            raise ValueError(
                f'The metric {name_of_metric!r} of task {name!r} does not accept {what}{weights}: '
                f'{error}'
            ) from error


def _size(batch: Batch) -> int:
    sizes = {leaf.shape[:1] for leaf in jax.tree.leaves(batch)}
    if len(sizes) != 1 or sizes in ({()}, {(0,)}):
        raise ValueError(
            'Inputs, targets and masks should share one leading axis of examples, not empty. '
            f'Found {sorted(sizes)}.'
        )
    return sizes.pop()[0]
