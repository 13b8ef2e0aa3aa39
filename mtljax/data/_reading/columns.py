"""Columns of a table, as its training rows see them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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


def parse(cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The finite numbers in a column ``[N]``, NaN for others, and which cells hold something else.

    >>> [part.tolist() for part in parse(['1', '', '2.5', 'NA', 'inf', '1_000'])]
    [[1.0, nan, 2.5, nan, nan, nan], [False, False, False, True, True, True]]
    """
    known = {cell: _number(cell) for cell in set(cells)}
    values = np.fromiter((known[cell] for cell in cells), np.float64, len(cells))
    return values, np.isnan(values) & np.fromiter(map(bool, cells), bool, len(cells))


def _number(cell: str) -> float:
    try:
        found = float(cell)
    except ValueError:
        return np.nan
    return found if np.isfinite(found) and '_' not in cell else np.nan  # 1_000 is Python's


def standardise(
    values: Any,
    rows: Any = slice(None),
    names: Sequence[str] = (),
    *,
    targets: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``(values - mean) / scale``, float32, with the mean and standard deviation of some rows.

    Args:
      values: ``[N]`` or ``[N, C]``; NaN, for what is missing, counts nowhere and stays NaN.
      rows: those whose statistics are taken, as an index: the training rows.
      names: of the columns, for errors.
      targets: whether one value is too few, and metrics need mean and scale in float32.

    Returns:
      The standardised values, the mean and the scale, ``[]`` or ``[C]``. Where these rows hold one
      value only, or none, the scale is 1 and every row is 0.

    Raises:
      ValueError: a column whose statistics or result are not finite, or a target that does not
        vary in these rows; it names the column.

    >>> [part.tolist() for part in standardise(np.array([1.0, 3.0, 7.0]), [0, 1])]
    [[-1.0, 1.0, 5.0], 2.0, 1.0]
    """
    values = np.asarray(values, np.float64)
    with np.errstate(over='ignore', invalid='ignore'):
        mean, deviation = _statistics(values[rows])
        # The mean of equal numbers can be an ulp off; what is left of it is not a scale.
        varies = ~(deviation <= 1e-12 * abs(mean))
        scale = np.where(varies, deviation, 1)
        centred = np.where(np.isnan(values) | varies, values - mean, 0)
        scaled = (centred / scale).astype(np.float32)
        wide = ~np.isfinite(mean + scale) | np.isinf(scaled).any(0)
        if targets:
            unit = np.float32(scale)
            wide |= ~np.isfinite(unit + np.float32(mean)) | (unit < np.finfo(np.float32).tiny)
    _check(wide, names, 'holds numbers that are too large or too small for float32')
    if targets:
        _check(~varies, names, 'does not vary in the training rows')
    return scaled, mean, scale


def _statistics(seen):
    there = ~np.isnan(seen)
    count = np.maximum(there.sum(0), 1)
    mean = np.where(there, seen, 0).sum(0) / count
    squares = np.where(there, seen - mean, 0) ** 2
    return mean, np.sqrt(squares.sum(0) / count)


def _check(bad, names, said) -> None:
    if np.any(bad):
        column = int(np.argmax(bad))
        shown = repr(names[column]) if len(names) else f'number {column + 1}'
        raise ValueError(f'Column {shown} {said}.')


def to_units(mean: Any, scale: Any) -> Callable[[Array], Array]:
    """The inverse of `standardise` for one column, ``y -> scale * y + mean``, for metrics.

    Differences of two such values need no mean, and lose digits in float32 by a large one: there it
    is left at 0.

    >>> to_units(2.0, 3.0)(np.float32(1.5)).item()
    6.5
    """
    mean, scale = float(mean), float(scale)
    return lambda y: scale * y + mean
