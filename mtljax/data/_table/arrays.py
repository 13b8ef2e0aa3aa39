"""From the cells of a table to arrays, by columns that were fitted before."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtljax.data._reading.scaling import apply_scale
from mtljax.data._table.bins import Bins
from mtljax.data._table.buckets import Buckets
from mtljax.data._table.categories import Categories
from mtljax.data._table.cells_of import cells_of
from mtljax.data._table.column import Column
from mtljax.data._table.numbers import Numbers

_CODED = (Bins, Buckets, Categories)
Table = Mapping[str, Any]
"""The cells of each column, by its name."""


def encode_inputs(columns: Sequence[Column], table: Table, first: int = 1) -> dict[str, np.ndarray]:
    """Encode the inputs: ``'categorical'`` int32 ``[N, C]`` and ``'numeric'`` float32 ``[N, N']``.

    An empty number becomes 0, the mean, and so do the features of an empty date. A kind without
    columns is left out. The first row has the number ``first`` in errors.
    """
    coded, numeric = [], []
    numbers = _numbers(columns, table, first)
    for column in columns:
        if column.name in numbers:
            numeric.append(numbers[column.name])
        elif column.content is not None:
            block = coded if is_coded(column) else numeric
            encoded = column.encode(table[column.name], first)
            block.append(encoded if encoded.ndim == 2 else encoded[:, None])
    blocks = {'categorical': coded, 'numeric': numeric}
    whole = {kind: np.concatenate(parts, axis=1) for kind, parts in blocks.items() if parts}
    if numeric:
        whole['numeric'][np.isnan(whole['numeric'])] = 0
    return whole


def _numbers(columns: Sequence[Column], table: Table, first: int) -> dict[str, np.ndarray]:
    """Standardise all columns of numbers at once, ``{column: float32 [N, 1]}``.

    A service encodes a row at a time, so the calls of NumPy count.
    """
    named = {each.name: each.content for each in columns if isinstance(each.content, Numbers)}
    if not named:
        return {}
    marks = {column.name: column.missing for column in columns}
    cells = {name: cells_of(name, table[name], first).without(marks[name]) for name in named}
    values = [content.read(name, cells[name], first) for name, content in named.items()]
    means = [content.mean for content in named.values()]
    scales = [content.scale for content in named.values()]
    try:
        scaled = apply_scale(np.stack(values, axis=1), means, scales, list(named))
    except ValueError:
        for name, content in named.items():
            content.encode(name, cells[name], first)  # its error names the row
        raise
    return {name: scaled[:, index : index + 1] for index, name in enumerate(named)}


def encode_targets(
    columns: Sequence[Column], table: Table, first: int = 1
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Encode the targets, ``[N]`` each, and the masks that say which labels exist."""
    values = {column.name: column.encode(table[column.name], first) for column in columns}
    masks = {
        name: each >= 0 if each.dtype.kind == 'i' else ~np.isnan(each)
        for name, each in values.items()
    }
    return values, masks


def backbone_options(columns: Sequence[Column]) -> dict[str, Any]:
    """The options of `backbones.tabular` for these inputs."""
    contents = [column.content for column in columns if column.content is not None]
    coded = [each.cardinality for each in contents if isinstance(each, _CODED)]
    numeric = sum(each.width for each in contents if not isinstance(each, _CODED))
    return {'cardinalities': tuple(coded), 'numeric': numeric}


def is_coded(column: Column) -> bool:
    """Return whether the cells of a column become codes."""
    return isinstance(column.content, _CODED)
