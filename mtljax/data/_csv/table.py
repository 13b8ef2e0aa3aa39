"""Reading the cells of a table from a file."""

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mtljax._shown import shown
from mtljax.data._reading.names import check_header
from mtljax.data._reading.paths import as_path, require
from mtljax.data._reading.rows import rows
from mtljax.options import check_optional_count

_LAYOUT = 'a table of text: a header, then rows with a comma between fields'
_SOURCE = 'It is yours.'
_OTHERS = {';': "';'", '\t': r"'\t'", '|': "'|'"}


def read_table(path: str | os.PathLike | None, delimiter: str) -> dict[str, Sequence[str]]:
    """Read the cells of every column, by its name in the header.

    Raises:
      FileNotFoundError: The file does not exist.
      ValueError: The path is empty or a folder, there is no row below the header, a row has another
        number of fields, the header repeats a name, or the file has another delimiter.
    """
    (table,) = table_chunks(path, None, delimiter=delimiter)
    return dict(table)


def table_chunks(
    path: str | os.PathLike | None, rows_each: int | None, *, delimiter: str = ','
) -> Iterator[Mapping[str, Sequence[str]]]:
    """Read a table in parts, so that it need not fit the memory.

    Args:
      path: A CSV file, gzipped or not, with a header.
      rows_each: The number of rows of a part; the last one may have fewer. None means all rows.
      delimiter: The character between fields.

    Returns:
      An iterator over the parts: the cells of every column, ``{column: texts}``.

    Raises:
      FileNotFoundError: The file does not exist.
      ValueError: The path is empty or a folder, there is no row below the header, a row has another
        number of fields, the header repeats a name, or the file has another delimiter.
    """
    check_optional_count('rows_each', rows_each)
    check_delimiter(delimiter)
    if not path:
        raise ValueError(
            f"path should name the table, as in csv('houses.csv', ...) or "
            f'--config.data.path=houses.csv. Found path = {path!r}.'
        )
    file = require(as_path(path), _LAYOUT, _SOURCE)
    lines = rows(file, delimiter=delimiter)
    header = next(lines)
    other = next((mark for mark in _OTHERS if mark in header[0]), None)
    if len(header) == 1 and other:
        raise ValueError(
            f'{file}, line 1: fields should have {delimiter!r} between them. Found '
            f'{shown(header[0])}. To read such a file, set delimiter={_OTHERS[other]}.'
        )
    check_header(file, header)
    first = list(itertools.islice(lines, rows_each))
    if not first:
        raise ValueError(f'{file} should hold rows below its header. Found no row.')
    return _parts(header, first, lines, rows_each)


def _parts(header, part, lines, rows_each) -> Iterator[Mapping[str, Sequence[str]]]:
    while part:
        yield dict(zip(header, zip(*part, strict=True), strict=True))
        part = list(itertools.islice(lines, rows_each))


def check_delimiter(delimiter: Any) -> None:
    """Raise a ValueError unless the delimiter is one character.

    >>> check_delimiter(';;')
    Traceback (most recent call last):
    ValueError: delimiter should be one character. Found delimiter = ';;'.
    """
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise ValueError(f'delimiter should be one character. Found delimiter = {delimiter!r}.')
