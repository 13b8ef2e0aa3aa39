"""From the body of a request to the rows of a table."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mtljax._shown import shown
from mtljax.serving._service.limits import Limits
from mtljax.serving._service.refusal import RefusedError


class Asked(NamedTuple):
    """What a request asks for.

    Attributes:
      table: The cells of each column, ``{column: cells}``.
      rows: The number of rows.
      tasks: The tasks that should answer. An empty tuple means all tasks.
    """

    table: Mapping[str, Sequence[Any]]
    rows: int
    tasks: tuple[str, ...]


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
    content = read_json(body)
    inner = {'rows': content} if isinstance(content, list) else content
    other = inner.keys() - {'rows', 'tasks'} if isinstance(inner, dict) else set()
    if not isinstance(inner, dict) or 'rows' not in inner or other:
        raise RefusedError(
            422,
            'The body should be a list of rows, or an object with the fields rows and tasks. '
            f'Found {shown(content)}.',
        )
    rows, tasks = inner['rows'], inner.get('tasks', [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RefusedError(422, 'The rows should be a list of objects, {column: cell}.')
    if not isinstance(tasks, list) or not all(isinstance(task, str) for task in tasks):
        raise RefusedError(422, f'The tasks should be a list of names. Found {shown(tasks)}.')
    _check_count(len(rows), limits)
    for number, row in enumerate(rows, 1):
        for name in columns:
            if name not in row:
                raise missing(name, number)
    known = dict.fromkeys(name for row in rows for name in row)
    table = {name: [row.get(name) for row in rows] for name in known}
    return Asked(table, len(rows), tuple(tasks))


def read_json(body: bytes) -> Any:
    """Read JSON, without its extensions for NaN and infinity.

    Raises:
      RefusedError: The body is no JSON.
    """

    def refuse(name: str) -> None:
        raise ValueError(f'{name} is no JSON')

    try:
        return json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise RefusedError(
            400, f'The body should be JSON in UTF-8. Found: {error!s:.200}.'
        ) from error


def missing(column: str, row: int) -> RefusedError:
    """Return the refusal of a row that lacks a column."""
    reason = 'The column is missing. Use null for an empty cell.'
    return RefusedError(422, f'Column {shown(column)}, row {row}: {reason}', column=column, row=row)


def _of_csv(body: bytes, columns: Sequence[str], limits: Limits) -> Asked:
    try:
        text = io.StringIO(body.decode('utf-8-sig'), newline='')
        header, *rows = csv.reader(text, strict=True)
        width = len(header)
    except (ValueError, csv.Error) as error:
        raise RefusedError(
            400, f'The body should be CSV in UTF-8. Found: {error!s:.200}.'
        ) from error
    rows = [row for row in rows if row]
    names = [name.strip() for name in header]
    if len(set(names)) < width:
        raise RefusedError(422, f'The columns should have different names. Found {shown(names)}.')
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise RefusedError(422, f'Row {number} should have {width} fields. Found {len(row)}.')
    _check_count(len(rows), limits)
    for name in columns:
        if name not in names:
            raise missing(name, 1)
    table = dict(zip(names, zip(*rows, strict=True), strict=True))
    return Asked(table, len(rows), ())


def _check_count(count: int, limits: Limits) -> None:
    if not count:
        raise RefusedError(422, 'There should be a row. Found none.')
    if count > limits.rows:
        raise RefusedError(413, f'There should be at most {limits.rows} rows. Found {count}.')
