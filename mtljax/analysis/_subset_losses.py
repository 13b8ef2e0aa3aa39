"""The losses of given predictions, for the tasks of a subset."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from mtljax._numeric import divide
from mtljax.base import Array, Batch, Task
from mtljax.losses import label_count, labelled, masked_sum


def without_ignored(batch: Batch, tasks: Mapping[str, Task]) -> Batch:
    """Hide labels that a task ignores, or whose weight is 0; bring weights to the shape of masks.

    Args:
      batch: A batch.
      tasks: The tasks to keep, ``{task: Task}``.
    """
    masks, weights = {}, {}
    for name, task in tasks.items():
        mask = jnp.asarray(batch.mask[name])
        if task.ignore is not None:
            target = jnp.asarray(batch.targets[name])
            mask = _longer(mask, target.ndim) & (target != task.ignore)
        if name in batch.weight:
            weight = jnp.asarray(batch.weight[name])
            weights[name] = jnp.broadcast_to(_longer(weight, mask.ndim), mask.shape)
            mask &= weights[name] > 0
        masks[name] = mask
    targets = {name: jax.tree.map(jnp.asarray, batch.targets[name]) for name in tasks}
    return Batch(batch.inputs, targets, masks, weights)


def subset_losses(
    tasks: Mapping[str, Task], predictions: Mapping[str, Any], batch: Batch, inside: Array
) -> Array:
    """Return the mean loss of each task, ``[T]``.

    It is 0 for tasks outside of the subset and for tasks without a label. They have no gradient,
    even if their loss is not finite.

    Args:
      tasks: The tasks, ``{task: Task}``.
      predictions: ``{task: prediction}``.
      batch: The labels, from `without_ignored`.
      inside: Whether each task is in the subset, ``[T]``.
    """
    losses = []
    for at, (name, task) in enumerate(tasks.items()):
        mask, weight = batch.mask[name] & inside[at], batch.weight.get(name)
        prediction, target = labelled(predictions[name], batch.targets[name], mask)
        if task.over_rows:
            losses.append(jnp.where(mask.any(), task.loss(prediction, target, mask), 0))
        else:
            total = masked_sum(task.loss(prediction, target), mask, weight)
            losses.append(divide(total, label_count(mask, weight)))
    return jnp.stack(losses)


def _longer(leaf: Array, ndim: int) -> Array:
    return leaf.reshape(leaf.shape + (1,) * (ndim - leaf.ndim))
