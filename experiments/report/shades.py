"""A matrix of shares, in which a larger number has a darker background."""

import math
from collections.abc import Sequence

from experiments.report.markup import Html, element
from experiments.report.tables import row_heading, scrolled

_SHADES = 10


def shaded(
    matrix: Sequence[Sequence[float]], rows: Sequence[str], columns: Sequence[str], caption: str
) -> Html:
    """Return the table of a matrix.

    Args:
      matrix: The numbers, one list per row.
      rows: The names of the rows.
      columns: The names of the columns.
      caption: What the matrix shows.
    """
    sizes = [abs(value) for row in matrix for value in row if math.isfinite(value)]
    largest = max(sizes, default=0.0) or 1.0
    head = [element('td'), *(element('th', {'scope': 'col'}, name) for name in columns)]
    body = [
        element('tr', {}, row_heading(name), *(_cell(v, largest) for v in row))
        for name, row in zip(rows, matrix, strict=True)
    ]
    table = element(
        'table',
        {'class': 'shaded'},
        element('caption', {}, caption),
        element('thead', {}, element('tr', {}, *head)),
        element('tbody', {}, *body),
    )
    return scrolled(table, caption)


def _cell(value: float, largest: float) -> Html:
    if not math.isfinite(value):
        return element('td', {'class': 'none'}, 'no value')
    shade = round(_SHADES * abs(value) / largest)
    sign = ' minus' if value < 0 else ''
    return element('td', {'class': f'shade{shade}{sign}'}, f'{value:.2f}')
