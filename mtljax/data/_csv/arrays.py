"""From the cells of a table to arrays, by columns that were fitted before."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from mtljax.data._csv.column import Column, without_marks
from mtljax.data._reading.cells import categories, encode, parse

Table = Mapping[str, Sequence[str]]
"""The cells of each column, by its name."""


def encode_inputs(columns: Sequence[Column], table: Table, first: int = 1) -> dict[str, np.ndarray]:
    """Encode the inputs: ``'categorical'`` int32 ``[N, C]`` and ``'numeric'`` float32 ``[N, N']``.

    An empty number becomes 0, the mean. A kind without columns is left out. The first row has the
    number ``first`` in errors.
    """
    kinds = {
        'categorical': [column for column in columns if column.categories is not None],
        'numeric': [column for column in columns if column.numbers is not None],
    }
    blocks = {
        kind: np.stack([column.encode(table[column.name], first) for column in members], axis=1)
        for kind, members in kinds.items()
        if members
    }
    return {kind: np.nan_to_num(block) for kind, block in blocks.items()}


def encode_targets(
    columns: Sequence[Column], table: Table, first: int = 1
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Encode the targets, ``[N]`` each, and the masks that say which labels exist."""
    values = {column.name: column.encode(table[column.name], first) for column in columns}
    masks = {
        column.name: values[column.name] >= 0
        if column.numbers is None
        else ~np.isnan(values[column.name])
        for column in columns
    }
    return values, masks


def codes_of_cells(
    cells: Sequence[str], missing: Collection[str], weights: Sequence[str] = ()
) -> np.ndarray:
    """Return a code for every different cell of a column, ``[N]``; -1 for a cell without a label.

    Args:
      cells: The cells of a target.
      missing: The texts that stand for an empty cell.
      weights: The cells of its weights, if it has weights. A weight of 0 says that there is no
        label.

    >>> codes_of_cells(['b', 'NA', 'a', 'b'], ['NA'], ['1', '1', '2', '0']).tolist()
    [1, -1, 0, -1]
    """
    cells = without_marks(cells, missing)
    codes = encode(cells, categories(cell for cell in cells if cell))
    return np.where(parse(weights)[0] == 0, -1, codes) if len(weights) else codes


def backbone_options(columns: Sequence[Column]) -> dict[str, Any]:
    """The options of `backbones.tabular` for these inputs.

    A column without a known category counts as one category, so that its table of embeddings has a
    row.
    """
    known = [column.categories for column in columns if column.categories is not None]
    numeric = sum(column.numbers is not None for column in columns)
    return {'cardinalities': tuple(max(len(values), 1) for values in known), 'numeric': numeric}
