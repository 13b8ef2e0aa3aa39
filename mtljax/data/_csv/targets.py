"""A column of labels, and the task that it makes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import optax

from mtljax import heads, metrics
from mtljax.base import Task
from mtljax.data._csv.table import Described, empty_share, numbers_or_text
from mtljax.data._reading.columns import categories, encode, standardise, to_units

_CLASSES = 100


class Target(NamedTuple):
    """A task, its labels and which of them exist, ``[N]`` each."""

    task: Task
    values: np.ndarray
    mask: np.ndarray
    described: Described


def target(name: str, cells: Sequence[str], categorical: bool, train: np.ndarray) -> Target:
    """What a column of labels asks for: two values, classes, or a number; see `csv`.

    Args:
      name: of the column.
      cells: as text, empty where there is no label.
      categorical: whether numbers are names of classes.
      train: the training rows.

    Raises:
      ValueError: no label or one value in the training rows, too many classes, or a cell that is
        no number where others are.
    """
    parsed = numbers_or_text(name, cells, names=categorical)
    values = list(cells) if parsed is None else parsed.tolist()
    mask = np.array([cell != '' for cell in cells])
    known = categories(value for value, there in zip(values, mask, strict=True) if there)
    _check(name, {values[row] for row in train if mask[row]}, mask)
    regression = parsed is not None and not categorical and len(known) > 2
    made = _regression(name, parsed, train) if regression else _classes(name, values, known)
    return Target(made[0], made[1], mask, Described(name, 'target', *made[2:], empty_share(cells)))


def _check(name, trained, mask) -> None:
    if not mask.any():
        raise ValueError(f'The target {name!r} has no label: every cell is empty.')
    if not trained:
        raise ValueError(
            f'The target {name!r} has no label in the training rows, and {mask.sum()} in the '
            'others: more labels, or another seed.'
        )
    if len(trained) == 1:
        raise ValueError(
            f'The target {name!r} has a single value in the training rows, {trained.pop()!r}.'
        )


def _regression(name, values, train):
    scaled, mean, scale = standardise(values, train, [name], targets=True)
    spread = to_units(0, scale)
    scores = {'mae': metrics.mae(spread), 'rmse': metrics.rmse(spread)}
    detail = f'{np.nanmin(values):g} to {np.nanmax(values):g}'
    task = Task(heads.linear(), optax.squared_error, scores, to_units(mean, scale))
    return task, scaled, 'regression', detail


def _classes(name, values, known):
    """Two values make one logit; more make one each."""
    if len(known) > _CLASSES:
        raise ValueError(
            f'The target {name!r} has {len(known)} classes; {_CLASSES} at most are expected of '
            'text, and of numbers named in categorical.'
        )
    numbers, shown = encode(values, known), [_shown(value) for value in known]
    if len(known) == 2:
        scores = {'auc': metrics.auc(), 'binary_accuracy': metrics.binary_accuracy()}
        task = Task(heads.linear(), optax.sigmoid_binary_cross_entropy, scores)
        detail = f'1 is {shown[1]}, 0 is {shown[0]}'
        return task, numbers, 'binary', detail
    loss = optax.softmax_cross_entropy_with_integer_labels
    task = Task(heads.linear(len(known)), loss, {'accuracy': metrics.accuracy()})
    return task, numbers, 'classes', f'{len(known)} classes, {shown[0]} to {shown[-1]}'


def _shown(value) -> str:
    return repr(value) if isinstance(value, str) else f'{value:g}'
