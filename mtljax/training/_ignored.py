"""Labels that a task ignores."""

from collections.abc import Mapping

from mtljax.base import Batch, Task


def with_ignored(batch: Batch, tasks: Mapping[str, Task]) -> Batch:
    """Return a batch whose mask also leaves out the labels equal to `Task.ignore`.

    Args:
      batch: A batch, of JAX or NumPy arrays.
      tasks: ``{task: Task}``. Tasks that the batch does not have are left out.

    >>> import numpy as np
    >>> import optax
    >>> from mtljax import heads
    >>> task = Task(heads.linear(3), optax.softmax_cross_entropy_with_integer_labels, ignore=255)
    >>> batch = Batch(np.ones((2, 4)), {'a': np.array([2, 255])}, {'a': np.array([True, True])})
    >>> with_ignored(batch, {'a': task}).mask['a'].tolist()
    [True, False]
    """
    mask = {
        name: _mask(batch.targets[name], mask, tasks[name].ignore) if name in tasks else mask
        for name, mask in batch.mask.items()
    }
    return batch._replace(mask=mask)


def _mask(target, mask, ignore):
    if ignore is None:
        return mask
    return (target != ignore) & mask.reshape(mask.shape + (1,) * (target.ndim - mask.ndim))
