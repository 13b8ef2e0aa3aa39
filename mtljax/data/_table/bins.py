"""A column of numbers, which become codes of ranges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mtljax._shown import shown
from mtljax.data._table.cell_error import CellError
from mtljax.data._table.cells import Cells
from mtljax.data._table.checks import are_numbers, check_fields
from mtljax.data._table.number_form import PLAIN


@dataclass(frozen=True)
class Bins:
    """Ranges of numbers, and the code of each range.

    Attributes:
      edges: The first number of each range but the lowest one, in rising order.
      codes: The code of each range, from the lowest one on; -1 for a range without training rows.
    """

    edges: tuple[float, ...]
    codes: tuple[int, ...]

    KEY: ClassVar[str] = 'bins'
    KIND: ClassVar[str] = 'binned'

    @property
    def cardinality(self) -> int:
        """The number of codes; 1 without a known range, so that embeddings have a row."""
        return max(*self.codes, 0) + 1

    def encode(self, name: str, cells: Cells, first: int = 1) -> np.ndarray:
        """Return codes, int32 ``[N]``; -1 where a cell is empty or its range is unknown.

        Raises:
          CellError: A cell holds no number.

        >>> from mtljax.data._table.cells_of import texts_of
        >>> Bins((18, 65), (0, 1, -1)).encode('age', texts_of(['7', '18', '65', ''])).tolist()
        [0, 1, -1, -1]
        """
        values, wrong = cells.numbers(PLAIN)
        if wrong.any():
            row = int(wrong.argmax())
            found = f'the cell should be a number. Found {cells.shown(row)}.'
            raise CellError(name, row + first, found)
        codes = np.array(self.codes, np.int32)[np.searchsorted(self.edges, values, 'right')]
        return np.where(np.isnan(values), np.int32(-1), codes)

    def decode(self, codes: np.ndarray) -> list[float]:
        """Return a number of the range of each code, such as its lowest one; NaN for -1.

        >>> Bins((18, 65), (0, 1, -1)).decode(np.array([0, 1, -1]))
        [17.0, 18.0, nan]
        """
        lowest = [self.edges[0] - 1 if self.edges else 0.0, *self.edges]
        number = {code: float(low) for code, low in zip(self.codes, lowest, strict=True)}
        number[-1] = float('nan')
        return [number[code] for code in codes.tolist()]

    def describe(self) -> str:
        """Return the number of ranges as a text."""
        return f'{len(self.codes)} ranges'

    def differences(self, other: 'Bins') -> str:
        """Return how the ranges of another table differ; ``''`` if they do not."""
        return '' if self == other else 'other ranges'

    def to_json(self) -> dict[str, Sequence[float]]:
        """Return the ranges as JSON types, for `from_json`."""
        return {'edges': list(self.edges), 'codes': list(self.codes)}

    @classmethod
    def from_json(cls, content: Any) -> 'Bins':
        """Return what `to_json` described.

        Raises:
          ValueError: The content describes no ranges.
        """
        check_fields(content, {'edges', 'codes'})
        edges, codes = content['edges'], content['codes']
        whole = isinstance(codes, list) and all(type(code) is int for code in codes)
        if not are_numbers(edges) or not whole or len(codes) != len(edges) + 1:
            raise ValueError(f'bins of a column have another form. Found {shown(content)}.')
        rising = np.all(np.diff(np.array(edges, float)) > 0)
        if not rising or not all(-1 <= code < len(codes) for code in codes):
            raise ValueError(f'bins of a column have another order. Found {shown(content)}.')
        return cls(tuple(edges), tuple(codes))
