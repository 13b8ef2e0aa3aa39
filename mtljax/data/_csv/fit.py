"""Deciding what a column of text holds, and learning its statistics from the training rows."""

import dataclasses
from collections.abc import Collection, Sequence

import numpy as np

from mtljax._shown import shown
from mtljax.data._csv.column import Column, Numbers, without_marks
from mtljax.data._reading.cells import categories, parse
from mtljax.data._reading.scaling import fit_scale

_MOST_CLASSES = 100
_MOSTLY = 0.9  # a column with such a share of numbers should hold nothing else


def fit_target(
    name: str, cells: Sequence[str], train: np.ndarray, missing: Collection[str], categorical: bool
) -> Column:
    """Fit a column to predict: binary labels, classes, or numbers; see `csv`.

    Args:
      name: The name of the column.
      cells: The texts of all rows.
      train: The training rows.
      missing: The texts that stand for an empty cell.
      categorical: Whether numbers are names of classes.

    Raises:
      ValueError: The training rows hold no label or only one value, there are too many classes, or
        a cell among numbers is not a number.
    """
    cells = without_marks(cells, missing)
    numbers = numbers_or_text(name, cells, mixed=categorical)
    values = cells if numbers is None else numbers.tolist()
    present = [row for row, cell in enumerate(cells) if cell]
    known = tuple(categories(values[row] for row in present))
    _check_labels(name, {values[row] for row in train if cells[row]}, len(present))
    column = Column(name, True, tuple(missing), _empty_share(cells))
    if numbers is not None and not categorical and len(known) > 2:
        return dataclasses.replace(column, numbers=_statistics(name, numbers, train, targets=True))
    if len(known) > _MOST_CLASSES:
        raise ValueError(
            f'Target {shown(name)} should have at most {_MOST_CLASSES} classes, because it holds '
            f'text or is in categorical. Found {len(known)} classes.'
        )
    return dataclasses.replace(column, categories=known)


def fit_input(
    name: str, cells: Sequence[str], train: np.ndarray, missing: Collection[str], categorical: bool
) -> Column:
    """Fit an input column: numbers, categories, or no value at all; see `csv`.

    Args:
      name: The name of the column.
      cells: The texts of all rows.
      train: The training rows.
      missing: The texts that stand for an empty cell.
      categorical: Whether numbers are names of categories.

    Raises:
      ValueError: The column has no name, looks like a key, or a cell among numbers is not a number.
    """
    cells = without_marks(cells, missing)
    if not name and any(cells):
        raise ValueError(
            'Every column should have a name. Found one without, such as the index that pandas '
            "writes. Leave it out: drop=['']."
        )
    numbers = None if categorical else numbers_or_text(name, cells)
    column = Column(name, False, tuple(missing), _empty_share(cells))
    if not any(cells):
        return column
    if numbers is not None:
        return dataclasses.replace(column, numbers=_statistics(name, numbers, train))
    known = tuple(categories(cells[row] for row in train if cells[row]))
    if not categorical and len(known) > len(train) / 2:
        raise ValueError(
            f'Column {shown(name)} should repeat its texts, as categories do. Found {len(known)} '
            f'different texts in {len(train)} training rows, as keys have. Leave it out, '
            f'drop=[{shown(name)}], or keep it as categories, categorical=[{shown(name)}].'
        )
    return dataclasses.replace(column, categories=known)


def numbers_or_text(name: str, cells: Sequence[str], *, mixed: bool = False) -> np.ndarray | None:
    """Read a column of finite numbers, NaN where a cell is empty; None if the column is text.

    Args:
      name: The name of the column.
      cells: The texts of the cells.
      mixed: Whether a column of categories may hold both numbers and text.

    Raises:
      ValueError: Nearly all cells are numbers. The error names the first one that is not, and its
        row.

    >>> numbers_or_text('area', ['1', '', '2.5']), numbers_or_text('city', ['7', 'Bern'])
    (array([1. , nan, 2.5]), None)
    """
    values, wrong = parse(cells)
    count = int((~np.isnan(values)).sum())
    if not mixed and wrong.any() and count >= _MOSTLY * (count + wrong.sum()):
        row = int(wrong.argmax())
        raise ValueError(
            f'Column {shown(name)}, row {row + 2}: the cell should be a number, as in {count} '
            f'other rows. Found {shown(cells[row])}. If this text stands for an empty cell, '
            f'add it to '
            f'missing. If the column holds categories, set categorical=[{shown(name)}].'
        )
    return None if wrong.any() else values


def _statistics(name, values, train, *, targets=False) -> Numbers:
    mean, scale = fit_scale(values[train], [name], targets=targets)
    low, high = np.nanmin(values), np.nanmax(values)
    return Numbers(float(mean), float(scale), float(low), float(high))


def _empty_share(cells) -> float:
    return cells.count('') / len(cells)


def _check_labels(name, trained, labels) -> None:
    if not labels:
        raise ValueError(f'Target {shown(name)} should have labels. Found only empty cells.')
    if not trained:
        raise ValueError(
            f'Target {shown(name)} should have labels in the training rows. Found {labels} labels, '
            'all in other rows. Add labels, or change the seed.'
        )
    if len(trained) == 1:
        raise ValueError(
            f'Target {shown(name)} should have two values or more in the training rows. Found only '
            f'{shown(trained.pop())}.'
        )
