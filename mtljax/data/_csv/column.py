"""A column of a table: what its cells mean, and how they become numbers."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtljax._shown import shown
from mtljax.data._csv.cell_error import CellError
from mtljax.data._csv.check_column import check_column
from mtljax.data._reading.cells import encode, parse
from mtljax.data._reading.scaling import apply_scale


@dataclass(frozen=True)
class Numbers:
    """The statistics of a column of numbers.

    Attributes:
      mean: The mean of the training rows.
      scale: Their standard deviation; 0 if they do not vary.
      low: The smallest number of the table.
      high: The largest number of the table.
    """

    mean: float
    scale: float
    low: float
    high: float


@dataclass(frozen=True)
class Column:
    """A column of a table, with what was learnt about it. It can encode the cells of other tables.

    A column holds numbers or categories. An input column without any value holds neither.

    Attributes:
      name: The name in the header.
      target: Whether the column is predicted; otherwise it is an input.
      missing: The texts that stand for an empty cell.
      empty: The share of empty cells in the table.
      numbers: The statistics of a column of numbers; None for other columns.
      categories: The values of a column of categories, in the order of their codes; None for other
        columns. The categories of an input are texts. Those of a target are texts or numbers.
    """

    name: str
    target: bool
    missing: tuple[str, ...]
    empty: float
    numbers: Numbers | None = None
    categories: tuple[str, ...] | tuple[float, ...] | None = None

    @property
    def kind(self) -> str:
        """The kind of the column in words: what an input holds, or what a target asks for."""
        if self.numbers is not None:
            return 'regression' if self.target else 'numeric'
        if self.categories is None:
            return 'empty'
        if self.target:
            return 'binary' if len(self.categories) == 2 else 'classes'
        return 'categorical'

    def encode(self, cells: Sequence[str], first: int = 1) -> np.ndarray:
        """Encode cells of this column, from the table that it was fitted to or from another one.

        Args:
          cells: The texts of N cells.
          first: The number of the row of the first cell, for errors.

        Returns:
          Standardised numbers ``[N]``, float32, which are NaN where a cell is empty. Or codes of
          categories ``[N]``, int32, which are -1 where a cell is empty or its value is unknown.

        Raises:
          ValueError: A cell of a column of numbers holds no number, or a number that does not fit
            float32. Or the column holds no value at all.
        """
        cells = without_marks(cells, self.missing)
        if self.numbers is not None:
            return self._standardised(cells, self.numbers, first)
        if self.categories is None:
            raise ValueError(
                f'Column {shown(self.name)} should hold values. Found only empty cells.'
            )
        codes = {value: code for code, value in enumerate(self.categories)}
        if any(isinstance(value, float) for value in self.categories):
            return encode(parse(cells)[0].tolist(), codes)
        return encode(cells, codes)

    def _standardised(self, cells: Sequence[str], numbers: Numbers, first: int) -> np.ndarray:
        values, wrong = parse(cells)
        if wrong.any():
            row = int(wrong.argmax())
            raise CellError(
                self.name,
                row + first,
                'the cell should be a number, as in the table that the column was fitted to. '
                f'Found {shown(cells[row])}.',
            )
        return apply_scale(values, numbers.mean, numbers.scale, [self.name])

    def to_json(self) -> dict[str, Any]:
        """Return the column as a dictionary of JSON types, for `from_json`."""
        fields = dataclasses.asdict(self) | {'missing': list(self.missing)}
        if self.categories is not None:
            fields['categories'] = list(self.categories)
        return fields

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> 'Column':
        """Return the column that `to_json` described.

        Raises:
          ValueError: The fields describe no column.

        >>> column = Column('city', False, ('', 'NA'), 0.25, categories=('Bern', 'Oslo'))
        >>> Column.from_json(column.to_json()) == column
        True
        """
        check_column(fields)
        numbers, categories = fields['numbers'], fields['categories']
        return cls(
            fields['name'],
            fields['target'],
            tuple(fields['missing']),
            fields['empty'],
            None if numbers is None else Numbers(**numbers),
            None if categories is None else tuple(categories),
        )


def without_marks(cells: Sequence[str], missing: Collection[str]) -> list[str]:
    """Replace each cell that is one of the marks ``missing`` by ``''``.

    >>> without_marks(['7', 'NA'], ['', 'NA'])
    ['7', '']
    """
    marks = frozenset(missing)
    return ['' if cell in marks else cell for cell in cells]
