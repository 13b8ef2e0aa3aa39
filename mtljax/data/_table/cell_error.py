"""The error for a cell that does not fit its column."""

from mtljax._shown import shown


class CellError(ValueError):
    """A cell does not fit its column.

    Attributes:
      column: The name of the column.
      row: The number of the row.
      reason: What the cell should be, and what was found.

    >>> str(CellError('rooms', 3, 'the cell should be a number.'))
    "Column 'rooms', row 3: the cell should be a number."
    """

    def __init__(self, column: str, row: int, reason: str):
        super().__init__(f'Column {shown(column)}, row {row}: {reason}')
        self.column, self.row, self.reason = column, row, reason
