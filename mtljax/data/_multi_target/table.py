"""The inputs and targets of a file with several tasks."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtljax._shown import shown
from mtljax.data._multi_target.cells import read_cells
from mtljax.data._reading.arff import Arff, read_arff
from mtljax.data._reading.names import check_header, check_names
from mtljax.data._reading.rows import numbers, rows


class Table(NamedTuple):
    """The content of a file in the units of the file, float64.

    Attributes:
      x: The inputs ``[N, D]``, NaN where missing.
      one_hot: The inputs that are indicators, booleans ``[D]``.
      y: The targets ``[N, C]``, NaN where missing.
      names: The columns of the inputs: their names, and the values of a nominal one, else None.
      columns: ``{task: (the column of its target in y, the rows with its label [N])}``.
      group: The group of each row ``[N]``; each group is split separately.
    """

    x: np.ndarray
    one_hot: np.ndarray
    y: np.ndarray
    names: dict[str, list[str] | None]
    columns: dict[str, tuple[int, np.ndarray]]
    group: np.ndarray


def table_of_cells(path: Path) -> Table:
    """A table from a .mat file, in which every row has the label of one task."""
    x, y = read_cells(path)
    group = np.repeat(np.arange(len(x)), [len(rows) for rows in x])
    columns = {f'task_{index + 1}': (0, group == index) for index in range(len(x))}
    x = np.concatenate(x)
    names = dict.fromkeys(f'x{number}' for number in range(1, x.shape[1] + 1))
    return Table(x, np.zeros(x.shape[1], bool), np.concatenate(y)[:, None], names, columns, group)


def table_of_columns(path: Path, kind: str, targets: int | Sequence[str]) -> Table:
    """A table from an .arff or .csv file, in which every row has all targets."""
    names, nominal, cells, lines = read_arff(path) if kind == '.arff' else _read_csv(path)
    check_header(path, names)
    chosen = _chosen(targets, names)
    for name in chosen:
        if name in nominal:
            raise ValueError(
                f'{path}: target {shown(name)} should be numeric. Found {shown(nominal[name])}.'
            )
    blocks = {
        name: _block(path, name, column, nominal.get(name), lines)
        for name, column in zip(names, cells, strict=True)
    }
    y = np.concatenate([blocks.pop(name) for name in chosen], axis=1)
    one_hot = [name in nominal for name, block in blocks.items() for _ in range(block.shape[1])]
    every = np.ones(len(y), bool)
    return Table(
        np.concatenate(list(blocks.values()), axis=1),
        np.array(one_hot),
        y,
        {name: nominal.get(name) for name in blocks},
        {name: (index, every) for index, name in enumerate(chosen)},
        np.zeros(len(y), int),
    )


def _read_csv(path) -> Arff:
    names, *body = rows(path)
    if not body:
        raise ValueError(f'{path} should hold rows below its header. Found none.')
    cells = zip(*body, strict=True)
    columns = [tuple('' if cell == '?' else cell for cell in column) for column in cells]
    return Arff(names, {}, columns, list(range(2, 2 + len(body))))


def _chosen(targets, names):
    if isinstance(targets, int | np.integer):
        if isinstance(targets, bool) or not 1 <= targets < len(names):
            raise ValueError(
                f'targets should be from 1 to {len(names) - 1}, if it is a number of last columns. '
                f'Found {targets}.'
            )
        return names[-targets:]
    chosen = check_names('targets', targets, names)
    if not 1 <= len(chosen) < len(names):
        raise ValueError(
            f'targets should be some of {shown(names)}, not all. Found {shown(list(chosen))}.'
        )
    return chosen


def _block(path, name, column, values, lines):
    """An input as a column ``[N, 1]`` of numbers, or as indicators of its values."""
    if values is not None:
        return (np.array(column)[:, None] == np.array(values)).astype(np.float64)
    return numbers(path, name, column, first=lines)[:, None]
