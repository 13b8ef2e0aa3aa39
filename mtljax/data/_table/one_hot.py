"""A column of categories, which become indicators."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mtljax._shown import shown
from mtljax.data._table.cells import Cells
from mtljax.data._table.checks import are_texts


@dataclass(frozen=True)
class OneHot:
    """The categories of a column, each of which becomes a number: 1 in its rows and 0 elsewhere.

    Attributes:
      names: The texts, in the order of the numbers.
    """

    names: tuple[str, ...]

    KEY: ClassVar[str] = 'one_hot'
    KIND: ClassVar[str] = 'one-hot'

    @property
    def width(self) -> int:
        """The number of indicators."""
        return len(self.names)

    def encode(self, name: str, cells: Cells, first: int = 1) -> np.ndarray:
        """Return indicators, float32 ``[N, F]``; all are 0 for an empty cell or an unknown text.

        >>> from mtljax.data._table.cells_of import texts_of
        >>> OneHot(('red', 'blue')).encode('colour', texts_of(['blue', '', 'pink'])).tolist()
        [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
        """
        texts = cells.texts()
        rows = [[text == name for name in self.names] for text in texts.values]
        return np.array(rows, np.float32).reshape(-1, self.width)[texts.codes]

    def unknown(self, cells: Cells) -> int:
        """Return how many cells hold an unknown text."""
        return int(cells.texts().map(lambda text: text not in ('', *self.names), bool).sum())

    def describe(self) -> str:
        """Return the number of categories as a text."""
        return f'{len(self.names)} categories'

    def differences(self, other: 'OneHot') -> str:
        """Return how the categories of another table differ; ``''`` if they do not."""
        if self == other:
            return ''
        return f'the categories {shown(list(self.names))} there, {shown(list(other.names))} here'

    def to_json(self) -> list[str]:
        """Return the categories, for `from_json`."""
        return list(self.names)

    @classmethod
    def from_json(cls, content: Any) -> 'OneHot':
        """Return what `to_json` described.

        Raises:
          ValueError: The content describes no categories.
        """
        if not are_texts(content):
            raise ValueError(f'one_hot of a column should be texts. Found {shown(content)}.')
        return cls(tuple(content))
