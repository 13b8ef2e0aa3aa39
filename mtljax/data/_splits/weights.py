"""Weights of labels."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from mtljax._near import did_you_mean
from mtljax.data._splits.to_arrays import at_first, narrow, to_arrays
from mtljax.losses import expand


def weights_of(
    weight: Any, targets: Mapping[str, Any], masks: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Check weights and return them as ``{task: float32 [N, ...]}``; 0 where a label is missing.

    Args:
      weight: ``{task: weights}``, one array ``[N]`` for all tasks, or None.
      targets: ``{task: target}``.
      masks: ``{task: booleans}``, True where a label exists.

    Raises:
      ValueError: A weight is not a finite number >= 0, or has the wrong shape or an unknown task.

    >>> weights_of([1, 0.5], {'a': np.zeros(2)}, {'a': np.ones(2, bool)})['a'].tolist()
    [1.0, 0.5]
    """
    if weight is None:
        return {}
    every = weight if isinstance(weight, Mapping) else dict.fromkeys(targets, weight)
    unknown = sorted(set(every) - set(targets))
    if unknown:
        raise ValueError(
            f'weight should name tasks among {sorted(targets)}. Found {unknown}.'
            f'{did_you_mean(unknown, targets)}'
        )
    return {task: _checked(task, each, targets[task], masks[task]) for task, each in every.items()}


def with_weights(mask: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the mask without labels of weight 0, with as many axes as the weights or more.

    >>> with_weights(np.array([True, False]), np.array([[1.0, 0.0], [2.0, 2.0]])).tolist()
    [[True, False], [False, False]]
    """
    axes = max(mask.ndim, weight.ndim)
    mask, weight = (x.reshape(x.shape + (1,) * (axes - x.ndim)) for x in (mask, weight))
    return mask & (weight > 0)


def _checked(task: str, weight: Any, target: Any, mask: np.ndarray) -> np.ndarray:
    name, size = f'weight[{task!r}]', len(mask)
    array = to_arrays(name, weight)
    shapes = [leaf.shape for leaf in jax.tree.leaves(target)]
    whole = isinstance(array, np.ndarray) and array.ndim and len(array) == size
    if not whole or all(shape[: array.ndim] != array.shape for shape in shapes):
        raise ValueError(
            f'{name} should have the shape ({size},), or a longer prefix of the shape of the '
            f'target, {shapes}. Found {jax.tree.map(np.shape, array)}.'
        )
    array = narrow(name, np.where(expand(mask, array), array, 0).astype(np.float64))
    bad = ~((array >= 0) & np.isfinite(array))
    if bad.any():
        raise ValueError(
            f'{name} should be finite numbers >= 0. Found {at_first(array, bad)}, and {bad.sum()} '
            'such entries in all.'
        )
    return array.astype(np.float32)
