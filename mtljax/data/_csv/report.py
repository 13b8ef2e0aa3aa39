"""The report on a table: a line for each column."""

from collections.abc import Iterable

from mtljax.data._csv.column import Column


def report(columns: Iterable[Column]) -> str:
    """Describe each column on an aligned line.

    >>> print(report([Column('city', False, ('',), 0.25, categories=('Bern', 'Oslo'))]))
    column  role   type         values        empty
    city    input  categorical  2 categories  25.0 %
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
    return '\n'.join(line.rstrip() for line in padded)


def _values(column: Column) -> str:
    if column.numbers is not None:
        return f'{column.numbers.low:g} to {column.numbers.high:g}'
    if column.categories is None:
        return 'left out'
    if not column.target:
        return f'{len(column.categories)} categories'
    shown = [_shown(value) for value in column.categories]
    if len(shown) == 2:
        return f'1 is {shown[1]}, 0 is {shown[0]}'
    return f'{len(shown)} classes, {shown[0]} to {shown[-1]}'


def _shown(value: str | float) -> str:
    return repr(value) if isinstance(value, str) else f'{value:g}'
