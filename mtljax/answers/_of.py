"""The answer of a task that names none."""

import optax

from mtljax.answers._classes import classes, probability
from mtljax.answers._raw import raw
from mtljax.base import Answer, Task

_LOGITS = (optax.sigmoid_binary_cross_entropy, optax.sigmoid_focal_loss)
_CLASSES = (
    optax.softmax_cross_entropy_with_integer_labels,
    optax.softmax_cross_entropy,
    optax.safe_softmax_cross_entropy,
)


def of(task: Task) -> Answer:
    """Return ``task.answer``, or the answer that follows from the loss of the task.

    The cross-entropies of optax give probabilities. Every other loss gives the prediction in the
    unit of the user, ``task.inverse(prediction)``.

    Args:
      task: The task.

    >>> from mtljax import heads
    >>> of(Task(heads.linear(3), optax.softmax_cross_entropy_with_integer_labels)).description
    {'kind': 'classes', 'parts': {'class': {}, 'probabilities': {}}}
    """
    if task.answer is not None:
        return task.answer
    if task.loss in _LOGITS:
        return probability()
    return classes() if task.loss in _CLASSES else raw(task.inverse)
