"""Rows of a table, encoded by the schema of the model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mtljax.data import CellError, Schema
from mtljax.serving._service.refusal import RefusedError


class Table:
    """The columns that a model reads.

    Args:
      schema: The schema of the model.
      unseen: A function that gets the number of cells whose category is unknown, for each call of
        `encode`.
    """

    def __init__(self, schema: Schema, unseen: Callable[[int], object] = bool):
        self._schema, self._unseen = schema, unseen
        self.inputs = tuple(column for column in schema.inputs if column.kind != 'empty')
        self.columns = tuple(column.name for column in self.inputs)
        known = (*schema.inputs, *schema.targets)
        self.known = frozenset(column.name for column in known) | set(schema.left_out)

    def encode(self, parts: Sequence[Mapping[str, Sequence[Any]]]) -> dict[str, Any]:
        """Return the inputs of the model for the rows of several requests.

        Args:
          parts: For each request the cells of each column.

        Raises:
          RefusedError: A cell does not fit its column. Its row counts from the first request on.
        """
        cells = {name: [cell for part in parts for cell in part[name]] for name in self.columns}
        try:
            encoded = self._schema.encode(cells)
        except CellError as error:
            raise RefusedError(422, str(error), column=error.column, row=error.row) from error
        except ValueError as error:
            raise RefusedError(422, str(error)) from error
        self._unseen(sum(encoded.unseen.values()))
        return encoded.inputs
