"""A column of categories."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mtljax._shown import shown
from mtljax.data._table.cells import Cells
from mtljax.data._table.checks import are_numbers, are_texts
from mtljax.data._table.number_form import PLAIN


@dataclass(frozen=True)
class Categories:
    """The categories of a column, in the order of their codes.

    Attributes:
      names: The different values. Those of an input are texts, those of a target are texts or
        numbers.
    """

    names: tuple[str, ...] | tuple[float, ...]

    KEY: ClassVar[str] = 'categories'
    KIND: ClassVar[str] = 'categorical'

    @property
    def cardinality(self) -> int:
        """The number of codes; 1 without a known category, so that embeddings have a row."""
        return max(len(self.names), 1)

    def encode(self, name: str, cells: Cells, first: int = 1) -> np.ndarray:
        """Return codes, int32 ``[N]``; -1 where a cell is empty or its value is unknown."""
        codes = {value: code for code, value in enumerate(self.names)}
        texts = cells.texts()
        if any(isinstance(value, float) for value in self.names):
            return texts.map(lambda text: codes.get(PLAIN.number(text), -1), np.int32)
        return texts.map(lambda text: codes.get(text, -1), np.int32)

    def describe(self) -> str:
        """Return the number of categories as a text."""
        return f'{len(self.names)} categories'

    def differences(self, other: 'Categories') -> str:
        """Return how the categories of another table differ; ``''`` if they do not."""
        gone = [name for name in self.names if name not in set(other.names)]
        new = [name for name in other.names if name not in set(self.names)]
        phrases = [f'without the categories {shown(gone)}'] if gone else []
        phrases += [f'with the new ones {shown(new)}'] if new else []
        return ', '.join(phrases)

    def to_json(self) -> list[Any]:
        """Return the categories as JSON types, for `from_json`."""
        return list(self.names)

    @classmethod
    def from_json(cls, content: Any) -> 'Categories':
        """Return what `to_json` described.

        Raises:
          ValueError: The content describes no categories.
        """
        known = are_texts(content) or are_numbers(content)
        if not known or len(set(content)) < len(content):
            raise ValueError(
                'categories of a column should be different texts, or different numbers. Found '
                f'{shown(content)}.'
            )
        return cls(tuple(content))
