"""A check that the head, the loss and the metrics of one task fit its targets."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.base import Array, Task
from mtljax.testing._compare import require

_WIDTH = 3  # the number of channels of the made-up features


def check_task(name: str, task: Task, target: Any, mask: np.ndarray) -> None:
    """Check on random features that head, loss, metrics and inverse fit the targets.

    Args:
      name: The name of the task, for errors.
      task: The task.
      target: A tree of targets ``[B, ...]``.
      mask: Booleans ``[B, ...]`` that say which labels exist.

    Raises:
      AssertionError: A part does not fit. The message names the task and the part.
    """
    where, features = f'Task {name!r}', _features(task, target, len(mask))
    prediction = _check_loss(where, task, features, target, mask)
    for label, metric in task.metrics.items():
        sums = metric.update(prediction, target, jnp.asarray(mask))
        result = metric.result(jax.tree.map(np.asarray, sums) if metric.collects else sums)
        require(
            np.ndim(result) == 0 and not np.isinf(result),
            f'{where}: metric {label!r} should be a finite number, or NaN. Found {result}.',
        )
    shapes = [np.shape(leaf) for leaf in jax.tree.leaves(target)]
    inverse = [np.shape(leaf) for leaf in jax.tree.leaves(task.inverse(target))]
    require(
        inverse == shapes, f'{where}: inverse should keep the shapes {shapes}. Found {inverse}.'
    )


def _check_loss(where: str, task: Task, features: Array, target: Any, mask: np.ndarray) -> Any:
    """Check the loss and its gradient; return the prediction."""
    params, state = jax.jit(task.head.init)(jax.random.key(0), features)

    def total(params):
        prediction, _ = task.head.apply(params, state, features)
        loss = task.loss(prediction, target)
        return loss.sum(), (loss, prediction)

    (_, (loss, prediction)), gradient = jax.jit(jax.value_and_grad(total, has_aux=True))(params)
    require(
        loss.ndim and len(loss) == len(mask),
        f'{where}: the loss should be [B, ...] with B = {len(mask)}. Found shape {loss.shape}.',
    )
    require(
        loss.shape[: mask.ndim] == mask.shape,
        f'{where}: the mask should have a prefix of the shape of the loss, {loss.shape}. '
        f'Found shape {mask.shape}.',
    )
    known = mask.reshape(mask.shape + (1,) * (loss.ndim - mask.ndim))
    require(
        np.isfinite(np.where(known, loss, 0)).all(),
        f'{where}: the loss should be finite where there is a label. Found {loss}.',
    )
    finite = all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
    require(
        finite or not known.all(),
        f'{where}: the gradient of the loss should be finite. Found a number that is not.',
    )
    return prediction


def _features(task: Task, target: Any, size: int) -> Array:
    """Make features that the head reads: vectors, a sequence, or a map."""
    length = np.shape(jax.tree.leaves(target)[0])[1:2]
    refused = []
    for shape in ((), length, (2, 2)):
        features = jax.random.normal(jax.random.key(1), (size, *shape, _WIDTH))
        try:
            jax.eval_shape(task.head.init, jax.random.key(0), features)
        except (ValueError, TypeError) as error:
            refused.append(error)
        else:
            return features
    raise AssertionError(
        f'A head should read features [B, D], [B, L, D] or [B, H, W, D]. Found: {refused[-1]}'
    )
