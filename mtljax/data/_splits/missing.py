"""Labels that are missing because a value says so, or because NumPy masks them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mtljax._near import did_you_mean


def with_missing(
    targets: Mapping[str, Any],
    mask: Mapping[str, Any],
    ignore: float | Mapping[str, float] | None,
) -> dict[str, Any]:
    """Return the masks of all tasks that have one, without the labels that are missing.

    Args:
      targets: ``{task: target}``.
      mask: ``{task: booleans}``, for some of the tasks.
      ignore: The value of missing labels, for all tasks or ``{task: value}``.

    Raises:
      ValueError: ``ignore`` names an unknown task, is no number, or belongs to a target that is not
        one array.

    >>> masks = with_missing({'a': np.array([0, 255]), 'b': np.array([1, 2])}, {}, {'a': 255})
    >>> masks['a'].tolist(), 'b' in masks
    ([True, False], False)
    """
    values = ignore if isinstance(ignore, Mapping) else dict.fromkeys(targets, ignore)
    unknown = sorted(set(values) - set(targets))
    if unknown:
        raise ValueError(
            f'ignore should name tasks among {sorted(targets)}. Found {unknown}.'
            f'{did_you_mean(unknown, targets)}'
        )
    masks = dict(mask)
    for task, target in targets.items():
        there = _there(task, target, values.get(task))
        if there is not None:
            masks[task] = _both(mask.get(task), there)
    return masks


def _there(task: str, target: Any, value: float | None) -> np.ndarray | None:
    """Return where a target has labels; None if nothing says that some are missing."""
    masked = np.ma.isMaskedArray(target)
    if value is None and not masked:
        return None
    if value is not None and not isinstance(value, int | float):
        raise ValueError(f'ignore should be a number. Found ignore = {value!r}.')
    array = np.ma.getdata(target) if masked else np.asarray(target)
    if array.dtype.kind not in 'biuf':
        raise ValueError(f'targets[{task!r}] should be one array of numbers to ignore a value.')
    there = ~np.ma.getmaskarray(target) if masked else np.ones(array.shape, bool)
    return there if value is None else there & (array != value)


def _both(mask: Any, there: np.ndarray) -> Any:
    if mask is None:
        return there
    mask = np.asarray(mask)
    if there.shape[: mask.ndim] != mask.shape or mask.dtype != bool:
        return mask  # `array_split` says what is wrong
    return there & mask.reshape(mask.shape + (1,) * (there.ndim - mask.ndim))
