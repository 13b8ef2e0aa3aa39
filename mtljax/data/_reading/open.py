"""Opening files, gzipped or not; an error in the middle of a file names the file."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_BROKEN = (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error)


def read_bytes(path: Path) -> bytes:
    """Read the content of a file, unzipped if its name ends in ``.gz``.

    Raises:
      ValueError: The file cannot be unzipped, or is a folder. The error names the file.
    """
    with _opened(path) as file:
        try:
            return file.read()
        except _BROKEN as error:
            raise ValueError(f'{path} cannot be unzipped: {error}') from error


def read_lines(path: Path, encoding: str = 'utf-8-sig') -> Iterator[str]:
    r"""Yield the lines of a text with their ends, without a byte order mark at the start.

    Args:
      path: The file, gzipped if its name ends in ``.gz``.
      encoding: The encoding of the text.

    Raises:
      ValueError: The file is not text, cannot be unzipped, or is a folder. The error names the file
        and the last line that was read.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), 'a.csv')
    >>> _ = path.write_bytes(bytes([0xEF, 0xBB, 0xBF]) + b'name' + bytes([10, 0x42]))
    >>> list(read_lines(path))
    ['name\n', 'B']
    """
    number = 0
    with _opened(path) as raw, io.TextIOWrapper(raw, encoding, newline='') as file:
        try:
            for line in file:
                number += 1
                yield line
        except _BROKEN as error:
            raise ValueError(f'{path}, after line {number}: {error}') from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if path.is_dir():
        raise ValueError(f'{path} should be a file. Found a folder.')
    with gzip.open(path) if path.suffix == '.gz' else path.open('rb') as file:
        yield file
