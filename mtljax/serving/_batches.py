"""Calls of a compiled function with batches of a few fixed sizes."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from mtljax.options import check_sizes

SIZES = (1, 4, 16, 64, 256)


def in_batches(call: Callable[[Any], Any], inputs: Any, sizes: Sequence[int] = SIZES) -> Any:
    """Call a function on N examples, in batches of a few sizes, and join the results.

    A batch is filled up to the next size with copies of its last example. So the function is
    compiled once per size.

    Args:
      call: A function from a batch to a tree of arrays ``[B, ...]``.
      inputs: A tree of arrays ``[N, ...]``.
      sizes: The sizes of a batch.

    Returns:
      A tree of NumPy arrays ``[N, ...]``.

    Raises:
      ValueError: There is no size, or a size is below 1; or there is no example.

    >>> in_batches(lambda x: 2 * x, np.arange(5), [1, 2]).tolist()
    [0, 2, 4, 6, 8]
    """
    check_sizes('sizes', sizes)
    count, most = len(jax.tree.leaves(inputs)[0]), max(sizes)
    if not count:
        raise ValueError('There should be an example. Found none.')
    results = []
    for start in range(0, count, most):
        batch = jax.tree.map(lambda leaf, at=start: leaf[at : at + most], inputs)
        there = min(most, count - start)
        size = min(size for size in sizes if size >= there)
        found = call(jax.tree.map(lambda leaf, n=size: _filled(leaf, n), batch))
        results.append(jax.tree.map(lambda leaf, n=there: np.asarray(leaf)[:n], found))
    return jax.tree.map(lambda *parts: np.concatenate(parts), *results)


def _filled(leaf: np.ndarray, size: int) -> np.ndarray:
    more = size - len(leaf)
    return np.concatenate([leaf, np.repeat(leaf[-1:], more, axis=0)]) if more else leaf
