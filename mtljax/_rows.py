"""Random examples, to compare two functions that should do the same."""

from typing import Any

import jax
import numpy as np


def random_rows(inputs: Any, count: int) -> Any:
    """Return inputs of the same structure and dtypes with random entries, the same in each call.

    Whole numbers are 0 or 1, because larger ones may be beyond what a network embeds.

    Args:
      inputs: A tree of arrays ``[N, ...]``.
      count: The number of rows of the result.

    >>> random_rows({'x': np.zeros((1, 3), np.float32)}, 2)['x'].shape
    (2, 3)
    """
    rng = np.random.default_rng(0)

    def draw(leaf):
        shape = (count, *leaf.shape[1:])
        if np.issubdtype(leaf.dtype, np.floating):
            return rng.normal(size=shape).astype(leaf.dtype)
        return rng.integers(2, size=shape).astype(leaf.dtype)

    return jax.tree.map(draw, inputs)
