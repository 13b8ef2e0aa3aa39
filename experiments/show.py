"""Tables in the terminal."""

from rich import box
from rich.markup import escape
from rich.table import Table as Shown

from experiments.program import console
from mtljax.analysis import Table


def show(table: Table, title: str = '', caption: str = '', *, max_width: int | None = None) -> None:
    """Print a table. The first column is aligned to the left, the others to the right.

    Args:
      table: The table.
      title: The text above it.
      caption: The text below it.
      max_width: The width at which the text of a cell is wrapped, in every column except the first.
        When None, headings are wrapped and cells are not.
    """
    shown = Shown(
        title=escape(title) or None,
        caption=escape(caption) or None,
        box=box.SIMPLE,
        caption_justify='left',
    )
    whole = [
        max((len(row[index]) for row in table.rows), default=0)
        for index in range(len(table.columns))
    ]
    for index, column in enumerate(table.columns):
        shown.add_column(
            escape(column),
            justify='right' if index else 'left',
            min_width=None if max_width else whole[index],
            max_width=max_width if index else None,
        )
    for row in table.rows:
        shown.add_row(*map(escape, row))
    console.print(shown)
