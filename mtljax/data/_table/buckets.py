"""A column of very many categories, which are hashed."""

import zlib
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mtljax._shown import shown
from mtljax.data._table.cells import Cells

MOST = 1 << 31


@dataclass(frozen=True)
class Buckets:
    """A number of buckets for texts: the bucket of a text is its CRC-32 modulo the number.

    Attributes:
      number: The number of buckets.
    """

    number: int

    KEY: ClassVar[str] = 'buckets'
    KIND: ClassVar[str] = 'hashed'

    @property
    def cardinality(self) -> int:
        """The number of codes."""
        return self.number

    def encode(self, name: str, cells: Cells, first: int = 1) -> np.ndarray:
        """Return buckets, int32 ``[N]``; -1 where a cell is empty.

        >>> from mtljax.data._table.cells_of import texts_of
        >>> Buckets(1000).encode('user', texts_of(['u1', '', 'u1', 'u2'])).tolist()
        [422, -1, 422, 764]
        """
        return cells.texts().map(
            lambda text: zlib.crc32(text.encode()) % self.number if text else -1, np.int32
        )

    def describe(self) -> str:
        """Return the number of buckets as a text."""
        return f'{self.number} buckets'

    def differences(self, other: 'Buckets') -> str:
        """Return how the buckets of another table differ; ``''`` if they do not."""
        if self == other:
            return ''
        return f'{self.number} buckets there, {other.number} here'

    def to_json(self) -> int:
        """Return the number of buckets, for `from_json`."""
        return self.number

    @classmethod
    def from_json(cls, content: Any) -> 'Buckets':
        """Return what `to_json` described.

        Raises:
          ValueError: The content is no number of buckets.
        """
        if not isinstance(content, int) or isinstance(content, bool) or not 0 < content < MOST:
            raise ValueError(f'buckets of a column should be a count. Found {shown(content)}.')
        return cls(content)
