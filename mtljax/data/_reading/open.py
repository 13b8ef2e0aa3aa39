"""Files that are read, gzipped or not; what breaks while they are names them."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_BROKEN = (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error)


def read_bytes(path: Path) -> bytes:
    """The content of a file, unzipped if its name ends in ``.gz``.

    Raises:
      ValueError: it cannot be unzipped, or is a folder; it names the file.
    """
    with _opened(path) as file:
        try:
            return file.read()
        except _BROKEN as error:
            raise ValueError(f'{path} cannot be unzipped: {error}') from error


def read_lines(path: Path, encoding: str = 'utf-8-sig') -> Iterator[str]:
    r"""The lines of a text, with their ends; a mark of byte order at its begin is left out.

    Args:
      path: of the file, gzipped if its name ends in ``.gz``.
      encoding: of the text.

    Raises:
      ValueError: what is no text, cannot be unzipped, or is a folder; it names the file, and the
        last line before.

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
            raise ValueError(f'{path}, behind line {number}: {error}') from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if path.is_dir():
        raise ValueError(f'{path} is a folder: a file is expected.')
    with gzip.open(path) if path.suffix == '.gz' else path.open('rb') as file:
        yield file
