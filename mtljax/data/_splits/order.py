"""The order in which training sees the examples. It depends on the seed and the step only."""

import functools
from collections.abc import Callable

import numpy as np

from mtljax.options import check_count, check_seed


def batch_indices(
    size: int,
    batch_size: int,
    seed: int,
    start: int,
    stop: int,
    order: Callable[[int, int], np.ndarray] | None = None,
) -> np.ndarray:
    """The indices of the examples in every batch, for the steps ``start`` to ``stop - 1``.

    Every epoch is a new random permutation of the examples. Its last batch is left out if it is
    incomplete. The result depends only on the seed and the steps. Training can therefore resume at
    any step without a stored position.

    Args:
      size: The number of examples.
      batch_size: The number of examples in a batch.
      seed: The random seed of the permutations.
      start: The first step.
      stop: The step after the last one.
      order: A function ``(seed, epoch)`` that returns the order of the examples in an epoch,
        integers ``[size]``. The default is a random permutation.

    Returns:
      Indices of examples, ``[stop - start, batch_size]``, int32.

    Raises:
      ValueError: ``batch_size`` is below 1, or larger than the number of examples.

    >>> batch_indices(5, 2, seed=0, start=0, stop=3).shape
    (3, 2)
    """
    check_count('size', size, 1)
    check_count('batch_size', batch_size, 1)
    check_seed('seed', seed)
    check_count('start', start, 0)
    check_count('stop', stop, 0)
    if batch_size > size:
        raise ValueError(
            f'batch_size should lie between 1 and the {size} training examples. '
            f'Found batch_size = {batch_size}.'
        )
    per_epoch = size // batch_size
    first, last = start // per_epoch, max(stop - 1, start) // per_epoch
    order = order or functools.partial(_permutation, size)
    epochs = [order(seed, epoch)[: per_epoch * batch_size] for epoch in range(first, last + 1)]
    rows = (np.concatenate(epochs) if last > first else epochs[0]).reshape(-1, batch_size)
    return rows[start - first * per_epoch : stop - first * per_epoch]


@functools.lru_cache(maxsize=4)  # a stream asks for each batch of an epoch in turn
def _permutation(size: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng((seed, epoch)).permutation(size).astype(np.int32)
