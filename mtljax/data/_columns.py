"""Columns of a table, as its training rows see them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from mtljax.base import Array


def categories(cells: Iterable[Any]) -> dict[Any, int]:
    """Each distinct value of a column and its number, in sorted order.

    >>> categories(['b', 'a', 'b'])
    {'a': 0, 'b': 1}
    """
    return {value: number for number, value in enumerate(sorted(set(cells)))}


def encode(cells: Iterable[Any], known: Mapping[Any, int]) -> np.ndarray:
    """The numbers of a column's values, ``[N]``, int32; -1 for a value that is not known.

    >>> encode(['a', 'c', 'b'], {'a': 0, 'b': 1}).tolist()
    [0, -1, 1]
    """
    return np.fromiter((known.get(cell, -1) for cell in cells), np.int32)


def standardise(values: Any, rows: Any = slice(None)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``(values - mean) / scale``, float32, with the mean and standard deviation of some rows.

    Args:
      values: ``[N, ...]``; NaN, for what is missing, counts nowhere and stays NaN.
      rows: those whose statistics are taken, as an index: the training rows.

    Returns:
      The standardised values, the mean and the scale ``[...]``, which is 1 where these rows hold
      one value only, or none.

    >>> [part.tolist() for part in standardise(np.array([1.0, 3.0, 7.0]), [0, 1])]
    [[-1.0, 1.0, 5.0], 2.0, 1.0]
    """
    values = np.asarray(values, np.float64)
    seen = values[rows]
    there = ~np.isnan(seen)
    count = np.maximum(there.sum(0), 1)
    mean = np.where(there, seen, 0).sum(0) / count
    squares = np.where(there, seen - mean, 0) ** 2
    deviation = np.sqrt(squares.sum(0) / count)
    # The mean of equal numbers can be an ulp off; what is left of it is not a scale.
    scale = np.where(deviation > 1e-12 * abs(mean), deviation, 1)
    return ((values - mean) / scale).astype(np.float32), mean, scale


def to_units(mean: Any, scale: Any) -> Callable[[Array], Array]:
    """The inverse of `standardise` for one column, ``y -> scale * y + mean``, for metrics.

    >>> to_units(2.0, 3.0)(np.float32(1.5)).item()
    6.5
    """
    mean, scale = float(mean), float(scale)
    return lambda y: scale * y + mean
