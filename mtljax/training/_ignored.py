"""Labels that do not count: those that a task ignores, and those of weight 0."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from mtljax.base import Batch, Task


def with_ignored(batch: Batch, tasks: Mapping[str, Task]) -> Batch:
    """Return a batch whose mask leaves out labels equal to `Task.ignore` and labels of weight 0.

    The weights get the shape of the mask, and are 0 where the mask is false.

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
    weight = {name: _spread(mask[name], weight) for name, weight in batch.weight.items()}
    mask |= {name: mask[name] & (each > 0) for name, each in weight.items()}
    return batch._replace(mask=mask, weight=weight)


def _mask(target, mask, ignore):
    if ignore is None:
        return mask
    return (target != ignore) & mask.reshape(mask.shape + (1,) * (target.ndim - mask.ndim))


def _spread(mask, weight):
    """Return the weights in the shape of the mask, and 0 where it is false."""
    array = np if isinstance(mask, np.ndarray) and isinstance(weight, np.ndarray) else jnp
    weight = weight.reshape(weight.shape + (1,) * (mask.ndim - weight.ndim))
    return array.where(mask, weight, array.zeros((), weight.dtype))
