"""A table in memory: a mapping of columns, or a frame of another library."""

from collections.abc import Mapping, Sequence
from typing import Any

from mtljax._shown import shown
from mtljax.data._table.cells_of import cells_of
from mtljax.data._table.names import check_columns
from mtljax.data._table.source import Part, Source


def columns_of(table: Any) -> Mapping[str, Any]:
    """Return the columns of a frame of pandas, polars or Arrow; a mapping stays as it is.

    Raises:
      ValueError: The table is neither, or a column mixes types.
      ImportError: The table is a frame, and the extra ``tables`` is not installed.

    >>> columns_of({'a': [1, 2]})
    {'a': [1, 2]}
    """
    if hasattr(table, '__arrow_c_stream__'):
        from mtljax.data._table.arrow import columns_of_frame  # needs the extra

        return columns_of_frame(table)
    if isinstance(table, Mapping):
        return table
    raise ValueError(
        'The table should be a frame of pandas, polars or Arrow, or a mapping {column: cells}. '
        f'Found {shown(table)}.'
    )


class Frame(Source):
    """A table in memory, as a `Source` of one part.

    Raises:
      ValueError: Two columns have one name, a name is no text, the columns differ in length, or
        there is no row.

    >>> frame = Frame({'a': [1, 2], 'b': ['x', None]})
    >>> list(frame.names), frame.sizes, frame.read(0, ['b'])['b'].values
    (['a', 'b'], (2,), ('x', ''))
    """

    streamable = False

    def __init__(self, columns: Mapping[str, Any], first: int = 1):
        check_columns(list(columns))
        self._columns, self.names, self.first = columns, list(columns), first
        lengths = {name: len(cells) for name, cells in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f'The columns should have one length. Found {shown(lengths)}.')
        self.sizes = tuple({*lengths.values()})
        if not any(self.sizes):
            raise ValueError('The table should hold rows. Found no row.')

    def read(self, part: int, names: Sequence[str]) -> Part:
        """Return the cells of some columns."""
        return {name: cells_of(name, self._columns[name], self.first) for name in names}
