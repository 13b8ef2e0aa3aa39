"""A column of a table: what its cells mean, and how they become numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtljax._shown import shown
from mtljax.data._table.bins import Bins
from mtljax.data._table.buckets import Buckets
from mtljax.data._table.categories import Categories
from mtljax.data._table.cells_of import cells_of
from mtljax.data._table.checks import are_numbers, are_texts, check_fields
from mtljax.data._table.dates import Dates
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.one_hot import OneHot

Content = Numbers | Categories | Dates | Buckets | Bins | OneHot
_CONTENTS = (Numbers, Categories, Dates, Buckets, Bins, OneHot)
_FORMER = ('numbers', 'categories')
_FIELDS = ('name', 'target', 'missing', 'empty')


@dataclass(frozen=True)
class Column:
    """A column of a table, with what was learnt about it. It can encode the cells of other tables.

    Attributes:
      name: The name in the header.
      target: Whether the column is predicted; otherwise it is an input.
      missing: The texts that stand for an empty cell.
      empty: The share of empty cells in the table.
      content: What the cells hold: numbers, categories, dates, texts that are hashed, numbers whose
        ranges are codes, or categories that become indicators. None for an input without any value.
    """

    name: str
    target: bool
    missing: tuple[str, ...]
    empty: float
    content: Content | None = None

    @property
    def kind(self) -> str:
        """The kind of the column in words: what an input holds, or what a target asks for.

        An input is ``'numeric'``, ``'categorical'``, ``'date'``, ``'hashed'``, ``'binned'``,
        ``'one-hot'`` or ``'empty'``. A target is ``'regression'``, ``'binary'`` or ``'classes'``.
        """
        if not self.target:
            return 'empty' if self.content is None else self.content.KIND
        if isinstance(self.content, Categories):
            return 'binary' if len(self.content.names) == 2 else 'classes'
        return 'regression'

    def encode(self, cells: Any, first: int = 1) -> np.ndarray:
        """Encode cells of this column, from the table that it was fitted to or from another one.

        Args:
          cells: N cells: texts, numbers, booleans, dates or None; an array; or a column of a frame.
          first: The number of the row of the first cell, for errors.

        Returns:
          Standardised numbers ``[N]``, float32, or features of dates ``[N, F]``, float32, which are
          NaN where a cell is empty. Or indicators of categories ``[N, F]``, float32. Or codes of
          categories ``[N]``, int32, which are -1 where a cell is empty or its value is unknown.

        Raises:
          CellError: A cell of a column of numbers holds no number, or a cell of dates no date.
          ValueError: A number does not fit float32, or the column holds no value at all.
        """
        if self.content is None:
            raise ValueError(
                f'Column {shown(self.name)} should hold values. Found only empty cells.'
            )
        marked = cells_of(self.name, cells, first).without(self.missing)
        return self.content.encode(self.name, marked, first)

    def to_json(self) -> dict[str, Any]:
        """Return the column as a dictionary of JSON types, for `from_json`."""
        fields = {name: getattr(self, name) for name in _FIELDS}
        fields['missing'] = list(self.missing)
        fields |= dict.fromkeys(_FORMER)  # as earlier versions wrote it
        if self.content is not None:
            fields[self.content.KEY] = self.content.to_json()
        return fields

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> 'Column':
        """Return the column that `to_json` described.

        Raises:
          ValueError: The fields describe no column.

        >>> column = Column('city', False, ('', 'NA'), 0.25, Categories(('Bern', 'Oslo')))
        >>> Column.from_json(column.to_json()) == column
        True
        """
        if not isinstance(fields, Mapping):
            raise ValueError(f'A column should be an object. Found {shown(fields)}.')
        there = [each for each in _CONTENTS if fields.get(each.KEY) is not None]
        if len(there) > 1:
            raise ValueError(f'A column should hold one kind of cells. Found {shown(fields)}.')
        known = {name: value for name, value in fields.items() if value is not None}
        check_fields(known, {*_FIELDS, *(each.KEY for each in there)})
        name, target, missing, empty = (known[field] for field in _FIELDS)
        described = isinstance(name, str) and isinstance(target, bool)
        if not described or not are_texts(missing) or not are_numbers([empty]):
            raise ValueError(f'A column has another form. Found {shown(fields)}.')
        content = there[0].from_json(fields[there[0].KEY]) if there else None
        return cls(name, target, tuple(missing), empty, content)
