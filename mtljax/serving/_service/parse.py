"""From the body of a request to the rows of a table."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mtljax._shown import shown
from mtljax.serving._service.content import read_json
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.refusal import RefusedError

_MOST_COLUMNS = 100_000  # of CSV


class Asked(NamedTuple):
    """What a request asks for.

    Attributes:
      table: The cells of each column that the model reads, ``{column: cells}``.
      rows: The number of rows.
      tasks: The tasks that should answer. An empty tuple means all tasks.
      others: The names of all other columns.
    """

    table: Mapping[str, Sequence[Any]]
    rows: int
    tasks: tuple[str, ...]
    others: frozenset[str]


def parse(body: bytes, kind: str, columns: Sequence[str], limits: Limits) -> Asked:
    """Read the body of a request.

    Args:
      body: The body.
      kind: Its media type, ``'application/json'`` or ``'text/csv'``.
      columns: The columns that every row needs.
      limits: The limits of the service.

    Raises:
      RefusedError: The body cannot be read, has no row or too many, or lacks a column.
    """
    if kind == 'text/csv':
        return _of_csv(body, columns, limits)
    if kind != 'application/json':
        raise RefusedError(
            415, f'The body should be application/json or text/csv. Found {shown(kind)}.'
        )
    rows, tasks = _fields(read_json(body))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RefusedError(422, 'The rows should be a list of objects, {column: cell}.')
    if not isinstance(tasks, list) or not all(isinstance(task, str) for task in tasks):
        raise RefusedError(422, f'The tasks should be a list of names. Found {shown(tasks)}.')
    check_count(len(rows), limits)
    for number, row in enumerate(rows, 1):
        for name in columns:
            if name not in row:
                raise missing(name, number)
    # Rows with many names of their own must not make a table of rows times names.
    table = {name: [row[name] for row in rows] for name in columns}
    others = frozenset[str]().union(*rows) - set(columns)
    return Asked(table, len(rows), tuple(tasks), others)


def _fields(content: Any) -> tuple[Any, Any]:
    inner = {'rows': content} if isinstance(content, list) else content
    other = inner.keys() - {'rows', 'tasks'} if isinstance(inner, dict) else set()
    if not isinstance(inner, dict) or 'rows' not in inner or other:
        raise RefusedError(
            422,
            'The body should be a list of rows, or an object with the fields rows and tasks. '
            f'Found {shown(content)}.',
        )
    return inner['rows'], inner.get('tasks', [])


def missing(column: str, row: int) -> RefusedError:
    """Return the refusal of a row that lacks a column."""
    reason = 'The column is missing. Use null for an empty cell.'
    return RefusedError(422, f'Column {shown(column)}, row {row}: {reason}', column=column, row=row)


def _of_csv(body: bytes, columns: Sequence[str], limits: Limits) -> Asked:
    try:
        header, rows = _read_csv(body, limits)
    except (ValueError, csv.Error) as error:
        raise RefusedError(
            400, f'The body should be CSV in UTF-8. Found: {error!s:.200}.'
        ) from error
    if len(set(header)) < len(header):
        raise RefusedError(422, f'The columns should have different names. Found {shown(header)}.')
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise RefusedError(
                422,
                f'Row {number} should have {len(header)} fields, with commas between them. '
                f'Found {len(row)}.',
            )
    check_count(len(rows), limits)
    places = {name: at for at, name in enumerate(header)}
    for name in columns:
        if name not in places:
            raise missing(name, 1)
    table = {name: [row[places[name]] for row in rows] for name in columns}
    return Asked(table, len(rows), (), frozenset(header) - set(columns))


def _read_csv(body: bytes, limits: Limits) -> tuple[list[str], list[list[str]]]:
    lines = csv.reader(io.TextIOWrapper(io.BytesIO(body), 'utf-8-sig', newline=''), strict=True)
    header, rows = next(lines, []), []
    if not 0 < len(header) <= _MOST_COLUMNS:
        raise ValueError(f'{len(header):,} columns; there should be 1 to {_MOST_COLUMNS:,}')
    for row in lines:
        if row:
            rows.append(row)
            check_count(len(rows), limits)
    return [name.strip() for name in header], rows


def check_count(count: int, limits: Limits) -> None:
    """Raise an error unless a request may have so many rows.

    Raises:
      RefusedError: There is no row, or there are too many.
    """
    if not count:
        raise RefusedError(422, 'There should be a row. Found none.')
    if count > limits.rows:
        raise RefusedError(413, f'There should be at most {limits.rows} rows. Found {count}.')
