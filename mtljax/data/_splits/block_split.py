"""A split whose examples lie in blocks, such as the row groups of a file."""

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from mtljax.base import Batch
from mtljax.data._splits.batched import Batched
from mtljax.options import check_count

WINDOW = 1 << 19


class BlockSplit(Batched):
    """A split whose examples are read block by block. Training shuffles them in windows.

    In each epoch, the blocks are shuffled. As many blocks as are needed to hold ``window`` examples
    form a window, and the examples of each window are shuffled. So at most the blocks of two
    windows are in memory.

    Args:
      read: A function ``(block) -> Batch`` that reads all examples of a block, with a first axis of
        examples.
      sizes: The number of examples in each block.
      window: The number of examples that are shuffled together.

    Raises:
      ValueError: There is no block, or ``window`` or a size is no count.

    >>> from mtljax import Batch
    >>> def read(block):
    ...     rows = np.arange(3) + 3 * block
    ...     return Batch(rows, {'y': rows.astype(np.float32)}, {'y': rows >= 0})
    >>> split = BlockSplit(read, [3, 3], window=3)
    >>> split.size, split.take([0, 5]).targets['y'].tolist()
    (6, [0.0, 5.0])
    >>> sorted(split.order(0, 0)[:3].tolist()) in ([0, 1, 2], [3, 4, 5])
    True
    """

    def __init__(self, read: Callable[[int], Batch], sizes: Sequence[int], *, window: int = WINDOW):
        check_count('window', window, 1)
        if not isinstance(sizes, Sequence) or not len(sizes):
            raise ValueError(f'sizes should be a list of counts. Found sizes = {sizes!r:.200}.')
        for size in sizes:
            check_count('sizes', size, 1)
        self.sizes = np.asarray(sizes, np.int64)
        self._ends = np.cumsum(self.sizes)
        self._read, self.window = read, window
        self._held: OrderedDict[int, Batch] = OrderedDict()
        self._most = 2 * (window + int(self.sizes.max()))
        self._lock = threading.Lock()
        self._shuffled = functools.lru_cache(maxsize=2)(self._shuffle)

    @property
    def size(self) -> int:
        """The number of examples."""
        return int(self._ends[-1])

    @property
    def order(self) -> Callable[[int, int], np.ndarray]:
        """A function ``(seed, epoch)`` that returns the order of the examples, int32 ``[size]``."""
        return self._shuffled

    @property
    def probe(self) -> np.ndarray:
        """The indices of a few examples of the first and the last block."""
        return np.unique([0, self.sizes[0] - 1, self.size - self.sizes[-1], self.size - 1])

    def take(self, indices: Any) -> Batch:
        """The examples at ``indices``, which should hold at least one index."""
        indices = np.asarray(indices)
        blocks = np.searchsorted(self._ends, indices, side='right')
        offsets = indices - (self._ends - self.sizes)[blocks]
        parts = [
            jax.tree.map(lambda leaf, rows=offsets[blocks == block]: leaf[rows], self._block(block))
            for block in np.unique(blocks)
        ]
        back = np.argsort(np.argsort(blocks, kind='stable'), kind='stable')
        return jax.tree.map(lambda *leaves: np.concatenate(leaves)[back], *parts)

    def _shuffle(self, seed: int, epoch: int) -> np.ndarray:
        rng = np.random.default_rng((seed, epoch))
        starts, done = self._ends - self.sizes, 0
        order = np.empty(self.size, np.int32)
        for window in self._windows(rng.permutation(len(self.sizes))):
            rows = np.concatenate(
                [np.arange(starts[block], self._ends[block], dtype=np.int32) for block in window]
            )
            order[done : done + len(rows)] = rng.permuted(rows)
            done += len(rows)
        return order

    def _windows(self, blocks: np.ndarray) -> list[np.ndarray]:
        """Cut a sequence of blocks into windows."""
        before = np.cumsum(self.sizes[blocks]) - self.sizes[blocks]
        return np.split(blocks, np.flatnonzero(np.diff(before // self.window)) + 1)

    def _block(self, block: int) -> Batch:
        with self._lock:
            if block not in self._held:
                while self.sizes[[*self._held, block]].sum() > self._most:
                    self._held.popitem(last=False)
                self._held[block] = self._read(int(block))
            self._held.move_to_end(block)
            return self._held[block]
