"""Where a model keeps the weights of its gates and its cross-stitch units."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from mtljax import trees
from mtljax.base import Params, State

LAST = 'units behind the last stage'


class Mixture(NamedTuple):
    """A part of a matrix of weights.

    Attributes:
      kind: ``'load'`` and ``'entropy'`` belong to gates, ``'unit'`` to cross-stitch units.
      name: The name of the matrix.
      row: The task whose row it is. ``''`` stands for the whole matrix.
    """

    kind: str
    name: str
    row: str


def mixtures(tasks: Sequence[str], params: Params, state: State) -> dict[int, Mixture]:
    """Find the weights of gates and units among the leaves of ``(params, state)``.

    Args:
      tasks: The names of the tasks, in the order of the model.
      params: The parameters of the model, or their shapes.
      state: The state of the model, or its shapes.

    Returns:
      ``{index of the leaf: Mixture}``.

    >>> load = {'load': np.array([0.25, 0.75])}
    >>> mixtures(['a'], {}, {'task': {'gates': {'a': load}}})
    {0: Mixture(kind='load', name='gates', row='a')}
    """
    found = {}
    for index, (path, leaf) in enumerate(jax.tree_util.tree_leaves_with_path((params, state))):
        parts = trees.path_name(path).split('/')[1:]
        name, row = _place(parts, tasks)
        kind = _kind(parts, np.shape(leaf), row, len(tasks))
        if kind is not None:
            found[index] = Mixture(kind, name, row)
    return found


def _kind(parts: list[str], shape: tuple[int, ...], row: str, num_tasks: int) -> str | None:
    if parts[-1:] in (['load'], ['entropy']):
        return parts[-1]
    square = shape[:1] if row else shape[:2]  # the towers that a row mixes, or all rows
    channels = len(shape) - len(square)
    if parts[-2:-1] == ['units'] and set(square) == {num_tasks} and channels <= 1:
        return 'unit' if len(square) == 2 - bool(row) else None
    return None


def _place(parts: list[str], tasks: Sequence[str]) -> tuple[str, str]:
    """Return the name of the matrix, and the task whose row it is."""
    hidden = ('load', 'entropy', 'gate', 'common')
    names = [part for part in parts[1:] if part not in hidden]
    row = next((part for part in names if part in tasks), '')
    name = ' '.join(part for part in names if part != row) or 'gate'
    return (LAST if name == 'units' else name), row


def matrix(rows: Mapping[str, Any], tasks: Sequence[str], kind: str) -> np.ndarray:
    """Return a matrix, ``[rows, columns]``; a weight per channel becomes the mean of the channels.

    Args:
      rows: ``{task: row}``, or ``{'': whole matrix}``.
      tasks: The names of the tasks.
      kind: The kind of the `Mixture`. The entropy of a gate is one number, without columns.

    >>> matrix({'b': [0.2, 0.8], 'a': [1.0, 0.0]}, ['a', 'b'], 'load').tolist()
    [[1.0, 0.0], [0.2, 0.8]]
    """
    order = [''] if '' in rows else [task for task in tasks if task in rows]
    found = np.stack([np.asarray(rows[row], np.float64) for row in order])
    found = found[0] if '' in rows else found
    if kind == 'entropy':
        return np.atleast_1d(found)
    return np.atleast_2d(found.mean(axis=-1) if found.ndim == 3 else found)
