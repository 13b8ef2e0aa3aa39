"""Tables in the terminal."""

from collections.abc import Iterator

from rich import box
from rich.markup import escape
from rich.table import Table as Shown

from experiments.program import console
from mtljax.analysis import Table

_GAP = 3  # between two columns


def show(table: Table, title: str = '', caption: str = '', *, max_width: int | None = None) -> None:
    """Print a table. The first column is aligned to the left, the others to the right.

    A table that is too wide for the terminal is printed as several blocks of columns. Each block
    begins with the first column, and no column is left out.

    Args:
      table: The table.
      title: The text above it.
      caption: The text below it.
      max_width: The width at which the text of a cell is wrapped, in every column except the first.
        When None, headings are wrapped and cells are not.
    """
    parts = [table] if max_width else list(blocks(table, console.width))
    for index, part in enumerate(parts):
        console.print(_shown(part, '' if index else title, max_width))
    if caption:
        console.print(caption, markup=False, highlight=False)
    console.print()


def blocks(table: Table, width: int) -> Iterator[Table]:
    """Split a table into blocks of columns that fit a width, if the columns are narrow enough.

    Columns whose headings begin with the same word, such as the metrics of one task, stay together
    if they fit.

    >>> wide = Table(['method', 'a x', 'b x', 'b y'], [['hard', '1', '2', '3']])
    >>> [part.columns for part in blocks(wide, 22)]
    [['method', 'a x'], ['method', 'b x', 'b y']]
    """
    first, *others = [_width(table, index) for index in range(len(table.columns))]
    block, left = [0], width - first - _GAP
    for group in _groups(table):
        needed = sum(others[index - 1] + _GAP for index in group)
        if needed > left and len(block) > 1:
            yield _columns(table, block)
            block, left = [0], width - first - _GAP
        for index in group:
            if others[index - 1] + _GAP > left and len(block) > 1:
                yield _columns(table, block)
                block, left = [0], width - first - _GAP
            block.append(index)
            left -= others[index - 1] + _GAP
    yield _columns(table, block)


def _groups(table: Table) -> list[list[int]]:
    """Return the columns after the first, grouped by the first word of their headings."""
    words = [column.split(' ')[0] for column in table.columns]
    groups: list[list[int]] = []
    for index in range(1, len(words)):
        if index > 1 and words[index] == words[index - 1]:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def _width(table: Table, index: int) -> int:
    """Return the width of a column whose heading is wrapped."""
    words = [*table.columns[index].split(), *(row[index] for row in table.rows)]
    return max(map(len, words), default=0)


def _columns(table: Table, chosen: list[int]) -> Table:
    return Table(
        [table.columns[index] for index in chosen],
        [[row[index] for index in chosen] for row in table.rows],
    )


def _shown(table: Table, title: str, max_width: int | None) -> Shown:
    shown = Shown(title=escape(title) or None, box=box.SIMPLE)
    for index, column in enumerate(table.columns):
        shown.add_column(
            escape(column),
            justify='right' if index else 'left',
            min_width=None if max_width else _width(table, index),
            max_width=max_width if index else None,
        )
    for row in table.rows:
        shown.add_row(*map(escape, row))
    return shown
