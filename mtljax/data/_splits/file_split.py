"""A split whose examples lie in files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from mtljax.base import Batch
from mtljax.data._splits.batched import Batched


@dataclass(frozen=True, eq=False)
class FileSplit(Batched):
    """A split whose examples are read from files when they are needed. Training reads ahead.

    Attributes:
      read: A function ``(row) -> Batch`` that reads the example with the number ``row``, as NumPy
        arrays without a batch axis. Several threads call it at the same time.
      rows: The numbers of the N examples of the split, integers ``[N]``.

    Raises:
      ValueError: ``rows`` is empty.

    >>> from mtljax import Batch
    >>> def read(row):
    ...     return Batch(np.full(3, row), {'y': np.float32(row)}, {'y': np.bool_(True)})
    >>> split = FileSplit(read, np.array([4, 7, 5]))
    >>> split.size, split.take([0, 2]).targets['y'].tolist()
    (3, [4.0, 5.0])
    """

    read: Callable[[int], Batch]
    rows: np.ndarray

    def __post_init__(self):
        if np.ndim(self.rows) != 1 or not len(self.rows):
            raise ValueError(f'rows should be one or more integers [N]. Found {self.rows!r}.')

    @property
    def size(self) -> int:
        """The number of examples."""
        return len(self.rows)

    def take(self, indices: Any) -> Batch:
        """The examples at ``indices``, which should hold at least one index."""
        examples = [self.read(int(row)) for row in np.asarray(self.rows)[indices]]
        return jax.tree.map(lambda *leaves: np.stack(leaves), *examples)
