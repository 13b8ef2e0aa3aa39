"""Reading the cells of a table from a file."""

import os
from collections.abc import Sequence
from typing import Any

from mtljax._shown import shown
from mtljax.data._reading.names import check_header
from mtljax.data._reading.paths import as_path, require
from mtljax.data._reading.rows import rows

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
    if not path:
        raise ValueError(
            f"path should name the table, as in csv('houses.csv', ...) or "
            f'--config.data.path=houses.csv. Found path = {path!r}.'
        )
    file = require(as_path(path), _LAYOUT, _SOURCE)
    header, *body = rows(file, delimiter=delimiter)
    other = next((mark for mark in _OTHERS if mark in header[0]), None)
    if len(header) == 1 and other:
        raise ValueError(
            f'{file}, line 1: fields should have {delimiter!r} between them. Found '
            f'{shown(header[0])}. To read such a file, set delimiter={_OTHERS[other]}.'
        )
    check_header(file, header)
    if not body:
        raise ValueError(f'{file} should hold rows below its header. Found no row.')
    return dict(zip(header, zip(*body, strict=True), strict=True))


def check_delimiter(delimiter: Any) -> None:
    """Raise a ValueError unless the delimiter is one character.

    >>> check_delimiter(';;')
    Traceback (most recent call last):
    ValueError: delimiter should be one character. Found delimiter = ';;'.
    """
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise ValueError(f'delimiter should be one character. Found delimiter = {delimiter!r}.')
