"""Tables that the script of the page sorts."""

import re
from collections.abc import Mapping

from experiments.report.markup import Html, element, text
from mtljax.analysis import Table

_NUMBER = re.compile(r'([+-]?[\d,]*\.?\d+(?:e[+-]?\d+)?)( ± [^ *]+)?( \*)?', re.IGNORECASE)
ARROWS = {True: ('↑', 'more is better'), False: ('↓', 'less is better'), None: ('', '')}


def sortable(table: Table, caption: str, better: Mapping[str, bool] | None = None) -> Html:
    """Return a table. Its columns of numbers are sorted as numbers.

    Args:
      table: The table. The first column has the names of the rows.
      caption: What the table shows.
      better: ``{column: whether more is better}``, where it is known.
    """
    better = better or {}
    head = [heading(column, better.get(column)) for column in table.columns]
    body = [
        element(
            'tr',
            {},
            row_heading(row[0] if row else ''),
            *(_cell(cell) for cell in row[1:]),
        )
        for row in table.rows
    ]
    return scrolled(
        element(
            'table',
            {'class': 'sortable'},
            element('caption', {}, caption),
            element('thead', {}, element('tr', {}, *head)),
            element('tbody', {}, *body),
        ),
        caption,
    )


def heading(words: str, more_is_better: bool | None = None) -> Html:
    """Return the heading of a column, with an arrow where more or less is better."""
    sign, meaning = ARROWS[more_is_better]
    better = {True: 'more', False: 'less', None: None}[more_is_better]
    arrow = element('span', {'class': 'arrow', 'role': 'img', 'aria-label': meaning}, sign)
    name = element('span', {'class': 'name'}, words, *(['\xa0', arrow] if sign else []))
    return element('th', {'scope': 'col', 'data-better': better}, name)


def row_heading(words: str) -> Html:
    """Return the heading of a row."""
    return element('th', {'scope': 'row'}, element('span', {'class': 'name'}, words))


def scrolled(table: Html, caption: str) -> Html:
    """Return a table that scrolls sideways where the window is narrow, also with the keyboard."""
    around = {'class': 'scroll', 'tabindex': 0, 'role': 'group', 'aria-label': caption}
    return element('div', around, table)


def _cell(cell: str) -> Html:
    found = _NUMBER.fullmatch(cell.strip())
    if found is None:
        is_empty = cell.strip().lower() in ('', '-', 'nan')
        return element('td', {'class': 'none' if is_empty else None}, cell)
    number, error, mark = found.groups()
    parts = [text(number)]
    if error:
        parts.append(element('span', {'class': 'error'}, error))
    if error or mark:
        parts.append(element('span', {'class': 'mark'}, '*' if mark else ''))
    return element('td', {'data-value': number.replace(',', '')}, *parts)
