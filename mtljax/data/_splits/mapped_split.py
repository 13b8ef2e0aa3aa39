"""A split whose examples are changed when they are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtljax.base import Batch, Split
from mtljax.data._splits.batched import Batched


@dataclass(frozen=True, eq=False)
class MappedSplit(Batched):
    """A split that changes, or checks, the examples of another split when they are read.

    Attributes:
      split: The other split.
      change: A function ``(batch, indices) -> Batch`` of examples and their indices. It keeps the
        number of examples. Several threads may call it at the same time.

    >>> from mtljax import data
    >>> digits = data.digits(train=8, validation=2, test=2)
    >>> dark = MappedSplit(digits.train, lambda batch, _: batch._replace(inputs=0 * batch.inputs))
    >>> dark.size, float(dark.take([0]).inputs.max())
    (8, 0.0)
    """

    split: Split
    change: Callable[[Batch, Any], Batch]

    @property
    def size(self) -> int:
        """The number of examples."""
        return self.split.size

    @property
    def order(self) -> Callable[[int, int], np.ndarray] | None:
        """The order of the other split; None if it has none of its own."""
        return getattr(self.split, 'order', None)  # a split of a user may have none

    @property
    def probe(self) -> np.ndarray:
        """The indices of a few examples that are fast to read."""
        return probe_of(self.split)

    def take(self, indices: Any) -> Batch:
        """The examples at ``indices``."""
        return self.change(self.split.take(indices), np.asarray(indices))


def probe_of(split: Split) -> np.ndarray:
    """Return the indices of a few examples of a split, spread over it unless the split says which.

    >>> from mtljax import data
    >>> probe_of(data.digits(train=8, validation=2, test=2).train).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    found = getattr(split, 'probe', None)
    return np.unique(np.linspace(0, split.size - 1, 64).astype(int)) if found is None else found
