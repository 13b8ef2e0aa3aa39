"""The report on a table: a line for each column."""

from collections.abc import Iterable, Mapping

from mtljax.data._table.categories import Categories
from mtljax.data._table.column import Column


def report(columns: Iterable[Column], left_out: Mapping[str, str] | None = None) -> str:
    """Describe each column on an aligned line, and say which columns are left out.

    Args:
      columns: The columns.
      left_out: ``{column: reason}`` for other columns of the table.

    >>> columns = [Column('city', False, ('',), 0.25, Categories(('Bern', 'Oslo')))]
    >>> print(report(columns, {'key': 'the option drop names it'}))
    column  role   type         values        empty
    city    input  categorical  2 categories  25.0 %
    Left out: 'key' (the option drop names it).
    """
    lines = [('column', 'role', 'type', 'values', 'empty')]
    lines += [
        (
            column.name,
            'target' if column.target else 'input',
            column.kind,
            _values(column),
            f'{100 * column.empty:.1f} %',
        )
        for column in columns
    ]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    padded = [
        '  '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    ]
    reasons = [f'{name!r} ({reason})' for name, reason in (left_out or {}).items()]
    padded += [f'Left out: {", ".join(reasons)}.'] if reasons else []
    return '\n'.join(line.rstrip() for line in padded)


def _values(column: Column) -> str:
    if column.content is None:
        return 'left out'
    if not column.target or not isinstance(column.content, Categories):
        return column.content.describe()
    shown = [_shown(value) for value in column.content.names]
    if len(shown) == 2:
        return f'1 is {shown[1]}, 0 is {shown[0]}'
    return f'{len(shown)} classes, {shown[0]} to {shown[-1]}'


def _shown(value: str | float) -> str:
    return repr(value) if isinstance(value, str) else f'{value:g}'
