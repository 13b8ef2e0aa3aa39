"""The loss of one task on a batch."""

from typing import Any

import jax.numpy as jnp

from mtljax.base import Array, Batch, Metric, Task
from mtljax.losses import label_count, labelled, masked_sum
from mtljax.metrics import mean_of


def labels_of(batch: Batch, task: str) -> tuple[Any, ...]:
    """Return the target and the mask of a task; its weights follow if it has weights.

    This is what `Metric.update` takes after the prediction.

    Args:
      batch: A batch.
      task: The name of the task.
    """
    labels = (batch.targets[task], batch.mask[task])
    return (*labels, batch.weight[task]) if task in batch.weight else labels


def loss_sum(
    task: Task, prediction: Any, target: Any, mask: Array, weight: Array | None = None
) -> Array:
    """Return the loss of a task, summed over its labels: `losses.label_count` times their mean.

    Args:
      task: The task.
      prediction: The predictions for B examples.
      target: Their targets.
      mask: Booleans ``[B, ...]``, True where a label exists.
      weight: The weights of the labels, in the shape of the mask. By default they are 1.

    >>> import optax
    >>> from mtljax import heads
    >>> task, ones = Task(heads.linear(), optax.squared_error), jnp.ones(3)
    >>> loss_sum(task, ones, jnp.zeros(3), jnp.array([True, True, False])).item()
    2.0
    """
    prediction, target = labelled(prediction, target, mask)
    if not task.over_rows:
        return masked_sum(task.loss(prediction, target), mask, weight)
    count = label_count(mask)
    return jnp.where(count > 0, task.loss(prediction, target, mask), 0).astype(count.dtype) * count


def mean_loss(task: Task) -> Metric:
    """Return the mean loss of a task over all labels, as a metric.

    If the loss compares examples, the mean is over batches, each of which counts by its number of
    labels.
    """
    if not task.over_rows:
        return mean_of(task.loss, higher_is_better=False)

    def update(prediction, target, mask):
        total = loss_sum(task, prediction, target, mask)
        return {'total': total, 'count': label_count(mask)}

    def result(sums):
        return sums['total'] / sums['count']

    return Metric(update, result, higher_is_better=False)
