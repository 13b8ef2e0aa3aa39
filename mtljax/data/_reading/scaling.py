"""Functions that bring numbers to mean 0 and standard deviation 1, by the training rows."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mtljax.base import Array


def standardise(
    values: Any,
    rows: Any = slice(None),
    names: Sequence[str] = (),
    *,
    targets: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute ``(values - mean) / scale`` with the statistics of some rows.

    Args:
      values: Numbers ``[N]`` or ``[N, C]``. NaN marks a missing value: it counts nowhere and stays
        NaN.
      rows: The index of the rows whose statistics are taken, usually the training rows.
      names: The names of the columns, for errors.
      targets: Whether the columns are targets; see `fit_scale`.

    Returns:
      The standardised values, float32, then the mean and the scale, ``[]`` or ``[C]``. If the rows
      hold at most one different value, the scale is 1 and every row is 0.

    Raises:
      ValueError: See `fit_scale` and `apply_scale`.

    >>> [part.tolist() for part in standardise(np.array([1.0, 3.0, 7.0]), [0, 1])]
    [[-1.0, 1.0, 5.0], 2.0, 1.0]
    """
    values = np.asarray(values, np.float64)
    mean, scale = fit_scale(values[rows], names, targets=targets)
    return apply_scale(values, mean, scale, names), mean, np.where(scale > 0, scale, 1)


def fit_scale(
    values: np.ndarray, names: Sequence[str] = (), *, targets: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the mean and the standard deviation of each column.

    Args:
      values: Numbers ``[N]`` or ``[N, C]``, float64; NaN is skipped.
      names: The names of the columns, for errors.
      targets: Whether the columns are targets. A target has to vary, and metrics need its mean and
        scale in float32.

    Returns:
      The mean and the scale, ``[]`` or ``[C]``. The scale is 0 for a column that does not vary.

    Raises:
      ValueError: The statistics of a column are not finite, or a target does not vary. The error
        names the column.
    """
    with np.errstate(over='ignore', invalid='ignore'):
        mean, deviation = _statistics(values)
    return checked_scale(mean, deviation, names, targets=targets)


def checked_scale(
    mean: Any, deviation: Any, names: Sequence[str] = (), *, targets: bool = False
) -> tuple[Any, np.ndarray]:
    """Return the mean and the scale of each column after the checks of `fit_scale`.

    Args:
      mean: The mean of each column, ``[]`` or ``[C]``.
      deviation: The standard deviation of each column, ``[]`` or ``[C]``.
      names: The names of the columns, for errors.
      targets: Whether the columns are targets.

    Raises:
      ValueError: See `fit_scale`.

    >>> [float(part) for part in checked_scale(3.0, 1e-16)]
    [3.0, 0.0]
    """
    with np.errstate(over='ignore', invalid='ignore'):
        # The mean of equal numbers can be an ulp off; a deviation of that size is rounding.
        varies = ~np.asarray(deviation <= 1e-12 * np.abs(mean))
        scale = np.where(varies, deviation, 0)
        extreme = ~np.isfinite(mean + scale)
        if targets:
            unit = np.float32(np.where(varies, scale, 1))
            extreme |= ~np.isfinite(unit + np.float32(mean)) | (unit < np.finfo(np.float32).tiny)
    _check_range(extreme, names)
    if targets:
        _check(~varies, names, 'vary in the training rows', 'one value. Leave the target out')
    return mean, scale


def apply_scale(values: Any, mean: Any, scale: Any, names: Sequence[str] = ()) -> np.ndarray:
    """Compute ``(values - mean) / scale``, float32; 0 where the scale is 0.

    Args:
      values: Numbers ``[N]`` or ``[N, C]``; NaN stays NaN.
      mean: The mean of each column, ``[]`` or ``[C]``.
      scale: The scale of each column, ``[]`` or ``[C]``.
      names: The names of the columns, for errors.

    Raises:
      ValueError: A result does not fit float32. The error names the column.

    >>> apply_scale([1.0, 3.0, 7.0], 2.0, 1.0).tolist()
    [-1.0, 1.0, 5.0]
    """
    values, varies = np.asarray(values, np.float64), np.asarray(scale) > 0
    with np.errstate(over='ignore', invalid='ignore'):
        centred = np.where(np.isnan(values) | varies, values - mean, 0)
        scaled = (centred / np.where(varies, scale, 1)).astype(np.float32)
    _check_range(np.isinf(scaled).any(0), names)
    return scaled


def to_units(mean: Any, scale: Any) -> Callable[[Array], Array]:
    """Return the inverse of `standardise` for one column, ``y -> scale * y + mean``.

    For a difference of two values, such as an error, pass 0 as the mean: the mean cancels, and a
    large one would cost digits in float32.

    >>> to_units(2.0, 3.0)(np.float32(1.5)).item()
    6.5
    """
    mean, scale = float(mean), float(scale)
    return lambda y: scale * y + mean


def _statistics(values):
    present = ~np.isnan(values)
    count = np.maximum(present.sum(0), 1)
    mean = np.where(present, values, 0).sum(0) / count
    squares = np.where(present, values - mean, 0) ** 2
    return mean, np.sqrt(squares.sum(0) / count)


def _check_range(extreme, names) -> None:
    _check(extreme, names, 'fit float32', 'numbers that are too large or too small. Rescale it')


def _check(bad, names, expected, found) -> None:
    if np.any(bad):
        column = int(np.argmax(bad))
        shown = repr(names[column]) if len(names) else f'number {column + 1}'
        raise ValueError(f'Column {shown} should {expected}. Found {found}.')
