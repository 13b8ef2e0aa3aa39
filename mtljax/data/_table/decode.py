"""From arrays back to the cells of a table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mtljax._shown import shown
from mtljax.data._table.bins import Bins
from mtljax.data._table.categories import Categories
from mtljax.data._table.cells import text_of
from mtljax.data._table.column import Column
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.one_hot import OneHot


def decode_inputs(
    columns: Sequence[Column], inputs: Mapping[str, np.ndarray]
) -> dict[str, list[str]]:
    """Return the cells of encoded inputs of N rows, as texts; see `Schema.decode`.

    Raises:
      ValueError: A column holds dates or is hashed.
    """
    left = {kind: iter(np.moveaxis(block, 1, 0)) for kind, block in inputs.items()}
    return {
        column.name: _cells(column.name, column.content, left)
        for column in columns
        if column.content is not None
    }


def _cells(name: str, content: Any, left: Mapping[str, Iterator[np.ndarray]]) -> list[str]:
    if isinstance(content, Categories):
        names = [text_of(name) for name in content.names] + ['']
        return [names[code] for code in next(left['categorical'])]
    if isinstance(content, Bins):
        return [text_of(number) for number in content.decode(next(left['categorical']))]
    if isinstance(content, Numbers):
        values = content.decode(next(left['numeric']))
        return [text_of(float(f'{value:.7g}')) for value in values]
    if isinstance(content, OneHot):
        rows = np.stack([next(left['numeric']) for _ in content.names], axis=1)
        return [content.names[row.argmax()] if row.any() else '' for row in rows]
    raise ValueError(f'Column {shown(name)} should hold numbers or categories.')
