"""Tables in the terminal."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.markup import escape
from rich.table import Table as Shown

from experiments.program import console
from mtljax.analysis import Table


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
    >>> [part.columns for part in blocks(wide, 19)]
    [['method', 'a x'], ['method', 'b x', 'b y']]
    """
    block: list[int] = []
    for group in _groups(table):
        for columns in [group] if _fits(table, group, width) else [[index] for index in group]:
            if block and not _fits(table, block + columns, width):
                yield _columns(table, block)
                block = []
            block += columns
    yield _columns(table, block)


def _fits(table: Table, block: Sequence[int], width: int) -> bool:
    part = _columns(table, block)
    return _total(_least(part)) <= width


def _total(widths: Sequence[int]) -> int:
    """Return the width of a table with these columns, with the spaces around them."""
    return sum(widths) + 3 * len(widths) + 1


def _least(table: Table) -> list[int]:
    """Return the widths of the columns if headings are wrapped, and cells are not."""
    return [
        max(map(len, [*name.split(), *(row[index] for row in table.rows)]), default=0)
        for index, name in enumerate(table.columns)
    ]


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


def _columns(table: Table, block: Sequence[int]) -> Table:
    """Return the first column and these columns."""
    chosen = [0, *block]
    return Table(
        [table.columns[index] for index in chosen],
        [[row[index] for index in chosen] for row in table.rows],
    )


def _shown(table: Table, title: str, max_width: int | None) -> Shown:
    least = _least(table)
    whole = [max(pair) for pair in zip(least, map(len, table.columns), strict=True)]
    widths = whole if _total(whole) <= console.width else least
    width = None if max_width else _total(widths)  # a table that is too wide is not cut
    shown = Shown(title=escape(title) or None, box=box.SIMPLE, width=width)
    for index, column in enumerate(table.columns):
        shown.add_column(
            escape(column),
            justify='right' if index else 'left',
            width=None if max_width else widths[index],
            max_width=max_width if index else None,
        )
    for row in table.rows:
        shown.add_row(*map(escape, row))
    return shown
