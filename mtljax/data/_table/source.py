"""Where the cells of a table come from."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from mtljax.data._table.cells import Cells

Part = Mapping[str, Cells]


class Source(ABC):
    """A table whose columns can be read, all at once or in parts.

    Attributes:
      names: The names of the columns.
      sizes: The number of rows of each part, in the order of the table.
      first: The number of the first row, for errors.
      streamable: Whether parts can be read again and again, without the whole table in memory.
    """

    names: Sequence[str]
    sizes: Sequence[int]
    first: int
    streamable: bool

    @abstractmethod
    def read(self, part: int, names: Sequence[str]) -> Part:
        """Return the cells of some columns in one part of the table."""


def parts_of(source: Source, names: Sequence[str]) -> Iterator[tuple[int, Part]]:
    """Yield the number of rows before each part, and the part."""
    start = 0
    for index, size in enumerate(source.sizes):
        yield start, source.read(index, names)
        start += size
