"""Tables in files of text."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtljax._shown import shown
from mtljax.data._reading.names import check_header
from mtljax.data._reading.rows import rows
from mtljax.data._table.cells_of import texts_of
from mtljax.data._table.frame import Frame

_OTHERS = {';': "';'", '\t': r"'\t'", '|': "'|'"}
_UTF_16 = (b'\xff\xfe', b'\xfe\xff')
_OF_WINDOWS, _SAMPLE = range(0x80, 0xA0), 1 << 20  # such as the sign of the euro


def read_csv(path: Path, delimiter: str, encoding: str) -> Frame:
    """Read a table of text: a header, then rows.

    Raises:
      ValueError: There is no row below the header, a row has another number of fields, the header
        repeats a name, or the file has another delimiter or encoding.
    """
    (table,) = csv_chunks(path, None, delimiter, encoding)
    return Frame({name: texts_of(cells) for name, cells in table.items()}, first=2)


def csv_chunks(
    path: Path, rows_each: int | None, delimiter: str, encoding: str
) -> Iterator[Mapping[str, Sequence[str]]]:
    """Read a table of text in parts, ``{column: texts}``; see `table_chunks`."""
    check_delimiter(delimiter)
    check_encoding(encoding)
    lines = _decoded(path, encoding, delimiter)
    header = next(lines)
    other = next((mark for mark in _OTHERS if mark in header[0]), None)
    if len(header) == 1 and other:
        raise ValueError(
            f'{path}, line 1: fields should have {delimiter!r} between them. Found '
            f'{shown(header[0])}. To read such a file, set delimiter={_OTHERS[other]}.'
        )
    check_header(path, header)
    first = list(itertools.islice(lines, rows_each))
    if not first:
        raise ValueError(f'{path} should hold rows below its header. Found no row.')
    return _parts(header, first, lines, rows_each)


def _parts(header, part, lines, rows_each) -> Iterator[Mapping[str, Sequence[str]]]:
    while part:
        yield dict(zip(header, zip(*part, strict=True), strict=True))
        part = list(itertools.islice(lines, rows_each))


def _decoded(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the rows; an error in the encoding says which option reads the file."""
    try:
        named = 'utf-8-sig' if encoding.lower().replace('-', '') == 'utf8' else encoding
        yield from rows(path, delimiter=delimiter, encoding=named)
    except ValueError as error:
        if not isinstance(error.__cause__ or error, UnicodeError):
            raise
        other = _likely(path)
        raise ValueError(
            f'{path} should be text in {encoding}. Found: {error.__cause__ or error!s:.200}. If it '
            f'is text in another encoding, name it, such as encoding={other!r}.'
        ) from error


def _likely(path: Path) -> str:
    """Guess the encoding of a text that is not UTF-8."""
    with path.open('rb') as file:
        start = file.read(_SAMPLE)
    if start[:2] in _UTF_16:
        return 'utf-16'
    return 'cp1252' if any(byte in _OF_WINDOWS for byte in start) else 'latin-1'


def check_delimiter(delimiter: Any) -> None:
    """Raise a ValueError unless the delimiter is one character.

    >>> check_delimiter(';;')
    Traceback (most recent call last):
    ValueError: delimiter should be one character. Found delimiter = ';;'.
    """
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise ValueError(f'delimiter should be one character. Found delimiter = {delimiter!r}.')


def check_encoding(encoding: Any) -> None:
    """Raise a ValueError unless Python knows the encoding of text.

    >>> check_encoding('utf-9')
    Traceback (most recent call last):
    ValueError: encoding should be known, such as 'utf-8' or 'latin-1'. Found encoding = 'utf-9'.
    """
    try:
        if isinstance(''.encode(encoding), bytes):
            return
    except (LookupError, TypeError, ValueError):
        pass
    raise ValueError(
        "encoding should be known, such as 'utf-8' or 'latin-1'. "
        f'Found encoding = {encoding!r:.80}.'
    )
