"""What every split derives from its size and its examples."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mtljax.base import Batch
from mtljax.data._splits.order import batch_indices


class Batched(ABC):
    """A split with a known size and random access to its examples."""

    @property
    @abstractmethod
    def size(self) -> int:
        """The number of examples."""

    @abstractmethod
    def take(self, indices: Any) -> Batch:
        """Return the examples at ``indices``."""

    @property
    def order(self) -> Callable[[int, int], np.ndarray] | None:
        """A function ``(seed, epoch)``: the order of the examples; None is a random permutation."""
        return None

    @property
    def example(self) -> Batch:
        """The first two examples."""
        return self.take(np.arange(min(2, self.size)))

    def batches(self, batch_size: int, *, epochs: int = 1, seed: int = 0) -> Iterator[Batch]:
        """Yield shuffled batches of equal size, for ``epochs`` passes over the split.

        The last batch of an epoch is left out if it is incomplete.
        """
        batch_indices(self.size, batch_size, seed, 0, 1)  # refuses a batch size that does not fit
        for step in range(epochs * (self.size // batch_size)):
            rows = batch_indices(self.size, batch_size, seed, step, step + 1, self.order)
            yield self.take(rows[0])
