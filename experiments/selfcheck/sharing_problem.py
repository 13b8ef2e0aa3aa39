"""Synthetic tasks that any network learns in a few steps."""

from collections.abc import Mapping

import numpy as np
import optax

from mtljax import heads
from mtljax.base import Batch, Task

_BATCH, _LATENT = 32, 4
_NAMES = ('wide', 'b', 'a', 'z', 'k')  # in no order but the user's
_SCALE, _NOISE, _RARE = 1.5, 0.1, -0.8

NUMBER = Task(heads.linear(), optax.squared_error)
PAIR = Task(heads.linear(2), optax.squared_error)
CLASS = Task(heads.linear(3), optax.softmax_cross_entropy_with_integer_labels)
EVENT = Task(heads.linear(), optax.sigmoid_binary_cross_entropy)
_KINDS = {
    'any': (CLASS, NUMBER, PAIR, NUMBER, CLASS),
    'alike': (PAIR,) * 5,
    'logits': (EVENT,) * 5,
}


def tasks_of(kind: str, count: int) -> dict[str, Task]:
    """Return the first ``count`` tasks of a kind of `Scheme.tasks`, at most five."""
    return dict(zip(_NAMES[:count], _KINDS[kind], strict=False))


def batch_of(tasks: Mapping[str, Task], shape: tuple[int, ...], per_task_input: bool) -> Batch:
    """Return inputs ``[B, *shape]`` with all labels, one input for all tasks or one per task.

    The inputs are ``x = z P + noise`` with a fixed matrix P. The targets of a task depend on z
    through another fixed matrix. If the tasks are events of a funnel, an event needs the events
    before it.
    """
    rng = np.random.default_rng(0)
    patterns = rng.normal(size=(_LATENT, *shape)) / np.sqrt(_LATENT)
    teachers = rng.normal(size=(len(_NAMES), _LATENT, 3)) / np.sqrt(_LATENT)
    latents = rng.normal(size=(len(tasks) if per_task_input else 1, _BATCH, _LATENT))
    x = np.tensordot(latents, patterns, axes=1)
    x = (x + _NOISE * rng.normal(size=x.shape)).astype(np.float32)
    targets = {}
    for at, (name, task) in enumerate(tasks.items()):
        scores = latents[at if per_task_input else 0] @ teachers[: at + 1]
        targets[name] = _target(task, scores)
    mask = {name: np.ones(_BATCH, bool) for name in tasks}
    inputs = dict(zip(tasks, x, strict=True)) if per_task_input else x[0]
    return Batch(inputs, targets, mask)


def _target(task: Task, scores: np.ndarray) -> np.ndarray:
    """Return the targets of the last task in the scores ``[tasks so far, B, 3]``."""
    if task is CLASS:
        return scores[-1].argmax(axis=-1).astype(np.int32)
    if task is EVENT:
        return np.all(scores[..., 0] > _RARE, axis=0).astype(np.float32)
    smooth = (_SCALE * np.tanh(scores[-1])).astype(np.float32)
    return smooth[:, 0] if task is NUMBER else smooth[:, :2]
