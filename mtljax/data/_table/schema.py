"""What was learnt about a table: enough to encode new rows without the table itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from mtljax import answers
from mtljax._shown import shown
from mtljax.base import Task
from mtljax.data._table.arrays import backbone_options, encode_inputs, encode_targets, is_coded
from mtljax.data._table.categories import Categories
from mtljax.data._table.cells import Cells
from mtljax.data._table.cells_of import cells_of
from mtljax.data._table.check_schema import check_schema
from mtljax.data._table.column import Column
from mtljax.data._table.decode import decode_inputs
from mtljax.data._table.differences import differences
from mtljax.data._table.frame import columns_of
from mtljax.data._table.one_hot import OneHot
from mtljax.data._table.tasks import task_of

_COMPLETE, _OF_LOADER = 'table', 'table of a loader'
FORMAT = 3  # of the JSON form; a newer version of mtljax may write a larger number


class Encoded(NamedTuple):
    """Rows that were encoded by a schema.

    Attributes:
      inputs: The inputs of the backbone, for N rows: ``{'categorical': ..., 'numeric': ...}``, or
        one array ``[N, D]`` if the schema is flat.
      empty: ``{column: number}``, the empty cells of each input column that has some.
      unseen: ``{column: number}``, the cells of each column of categories or ranges that the
        training rows do not contain.
      extra: The columns that the schema does not know.
    """

    inputs: Any
    empty: dict[str, int]
    unseen: dict[str, int]
    extra: tuple[str, ...]


@dataclass(frozen=True)
class Schema:
    """The columns of a table and their statistics, from which rows are encoded.

    Attributes:
      targets: The columns that are predicted, one task each.
      inputs: The columns that are read.
      left_out: ``{column: reason}`` for all other columns.
      complete: Whether the tasks follow from the columns. Otherwise the loader makes the tasks.
      flat: Whether the inputs are one array ``[N, D]`` of numbers, without names.
      hidden: The sizes of the hidden layers of the heads.
    """

    targets: tuple[Column, ...]
    inputs: tuple[Column, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True
    flat: bool = False
    hidden: tuple[int, ...] = ()

    @property
    def tasks(self) -> dict[str, Task]:
        """The task of each target."""
        return {column.name: task_of(column, self.hidden) for column in self.targets}

    @property
    def options(self) -> dict[str, Any]:
        """The options of `backbones.tabular` for these inputs; none for one array."""
        return {} if self.flat else backbone_options(self.inputs)

    def encode(self, table: Any, first: int = 1) -> Encoded:
        """Encode the inputs of new rows.

        Empty cells and unknown categories are encoded as in `data.table`. The order of the columns
        does not matter. Columns that the schema does not know are ignored.

        Args:
          table: A frame of pandas, polars or Arrow, or the cells of each column,
            ``{column: N cells}``. A cell is a text, a number, a boolean, a date or None.
          first: The number of the first row, for errors.

        Raises:
          ValueError: An input column is missing, or the columns differ in length.
          CellError: A cell of a column of numbers holds no number.

        >>> schema = Schema((), (Column('city', False, ('',), 0.0, Categories(('Bern', 'Oslo'))),))
        >>> schema.encode({'city': ['Oslo', 'Rome', None], 'note': ['', '', '']})
        Encoded(inputs={'categorical': array(...
        """
        table = columns_of(table)
        used = [column for column in self.inputs if column.content is not None]
        cells = self._cells(table, used, first)
        known = {column.name for column in (*self.inputs, *self.targets)} | set(self.left_out)
        inputs = encode_inputs(used, cells, first)
        empty = {name: int(each.empty().sum()) for name, each in cells.items()}
        unseen = _unseen(used, cells, inputs, empty)
        extra = tuple(name for name in table if name not in known)
        inputs = inputs['numeric'] if self.flat else inputs
        return Encoded(inputs, _above_zero(empty), _above_zero(unseen), extra)

    def decode(self, inputs: Any) -> dict[str, list[str]]:
        """Return the cells of encoded inputs, as texts; the inverse of `encode`.

        An empty number becomes the mean of its column, and a range becomes one of its numbers.

        Args:
          inputs: The inputs of N rows.

        Raises:
          ValueError: A column holds dates or is hashed: these cells are lost.

        >>> schema = Schema((), (Column('city', False, ('',), 0.0, Categories(('Bern', 'Oslo'))),))
        >>> schema.decode({'categorical': np.array([[1], [-1]])})
        {'city': ['Oslo', '']}
        """
        return decode_inputs(self.inputs, {'numeric': inputs} if self.flat else inputs)

    def labels(
        self, table: Any, first: int = 1
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Encode the targets that the table has: the values and the masks of each task.

        A value that is not a known class counts as a missing label. Errors count the rows from
        ``first`` on.

        Raises:
          ValueError: The columns differ in length.
          CellError: A cell of a column of numbers holds no number.
        """
        table = columns_of(table)
        there = [column for column in self.targets if column.name in table]
        return encode_targets(there, self._cells(table, there, first), first)

    def _cells(
        self, table: Mapping[str, Any], columns: Sequence[Column], first: int
    ) -> dict[str, Cells]:
        missing = [column.name for column in columns if column.name not in table]
        if missing:
            raise ValueError(
                f'The table should have the columns of the schema. Missing: {shown(missing)}. '
                f'Found {shown(list(table))}.'
            )
        cells = {
            column.name: cells_of(column.name, table[column.name], first).without(column.missing)
            for column in columns
        }
        lengths = {name: len(each) for name, each in cells.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f'The columns should have one length. Found {shown(lengths)}.')
        return cells

    def differences(self, other: 'Schema') -> list[str]:
        """Return what differs in another schema, one phrase per column."""
        return differences(
            {column.name: column for column in (*self.targets, *self.inputs)},
            {column.name: column for column in (*other.targets, *other.inputs)},
        )

    def to_json(self) -> dict[str, Any]:
        """Return the schema as JSON types, for `from_json`."""
        return {
            'format': FORMAT,
            'kind': _COMPLETE if self.complete else _OF_LOADER,
            'flat': self.flat,
            'hidden': list(self.hidden),
            'targets': [column.to_json() for column in self.targets],
            'inputs': [column.to_json() for column in self.inputs],
            'left_out': dict(self.left_out),
            'answers': {name: answers.of(task).description for name, task in self.tasks.items()},
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> 'Schema':
        """Return the schema that `to_json` described.

        Raises:
          ValueError: This is no schema of a table, or a newer version of mtljax wrote it.

        >>> schema = Schema((), (Column('city', False, ('',), 0.0, Categories(('Bern', 'Oslo'))),))
        >>> Schema.from_json(schema.to_json()) == schema
        True
        """
        number = content.get('format') if isinstance(content, Mapping) else None
        if isinstance(number, int) and number > FORMAT:
            raise ValueError(
                f'The format of the schema should be at most {FORMAT}. Found {number}. '
                'Use a newer version of mtljax.'
            )
        try:
            targets, inputs = (
                tuple(Column.from_json(column) for column in content[part])
                for part in ('targets', 'inputs')
            )
            complete = content['kind'] != _OF_LOADER
            flat, hidden = content.get('flat', False), content.get('hidden', [])
            check_schema(targets, inputs, flat, hidden)
            return cls(targets, inputs, dict(content['left_out']), complete, flat, tuple(hidden))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f'The schema should describe a table. Found {type(error).__name__}: {error!s:.200}.'
            ) from error


def _unseen(
    used: Sequence[Column],
    cells: Mapping[str, Cells],
    inputs: Mapping[str, np.ndarray],
    empty: Mapping[str, int],
) -> dict[str, int]:
    """Count the cells of unknown categories."""
    coded = [column for column in used if is_coded(column)]
    unknown = (inputs['categorical'] < 0).sum(axis=0).tolist() if coded else []
    unseen = {}
    for column, count in zip(coded, unknown, strict=True):
        content = column.content
        is_known = isinstance(content, Categories) and '' in content.names
        unseen[column.name] = count if is_known else count - empty[column.name]
    for column in used:
        if isinstance(column.content, OneHot):
            unseen[column.name] = column.content.unknown(cells[column.name])
    return unseen


def _above_zero(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
