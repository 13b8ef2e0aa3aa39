"""Tables as text."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
      columns: The titles of the columns.
      rows: The cells of every row.

    >>> print(Table(['method', 'loss'], [['sum', '0.5']]).markdown())
    | method | loss |
    |:-------|-----:|
    | sum    |  0.5 |
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """The table in GitHub Markdown. Only the first column is left-aligned."""
        cells = [[cell.replace('|', '\\|') for cell in row] for row in (self.columns, *self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        rule = '|'.join(
            ':' + '-' * (width + 1) if i == 0 else '-' * (width + 1) + ':'
            for i, width in enumerate(widths)
        )
        lines = [
            ' | '.join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in cells
        ]
        head, *body = [f'| {line} |' for line in lines]
        return '\n'.join([head, f'|{rule}|', *body])
