"""Opening files, gzipped or not; an error in the middle of a file names the file.

A gzipped file of a stranger may be a thousand times larger when it is unzipped. So a gzipped file
may hold 8 MiB, or 50 times its own size if that is more. Most tables of text are gzipped to a
fifth or a tenth of their size.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_BROKEN = (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error)
_LEAST_BOUND, _MOST_TIMES = 8 * 2**20, 50


def read_bytes(path: Path) -> bytes:
    """Read the content of a file, unzipped if its name ends in ``.gz``.

    Raises:
      ValueError: The file cannot be unzipped, is too large when it is unzipped, or is a folder. The
        error names the file.
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
      ValueError: The file is not text, cannot be unzipped, is too large when it is unzipped, or is
        a folder. The error names the file and the last line that was read.

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
    if path.suffix != '.gz':
        with path.open('rb') as file:
            yield file
        return
    with gzip.open(path) as file:
        bound = max(_LEAST_BOUND, _MOST_TIMES * path.stat().st_size)
        yield io.BufferedReader(_Bounded(path, file, bound))


class _Bounded(io.RawIOBase):
    """An unzipped stream that ends with an error at a number of bytes."""

    def __init__(self, path: Path, file: Any, bound: int):
        super().__init__()
        self._path, self._file, self._bound, self._left = path, file, bound, bound

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise ValueError(
                f'{self._path} should hold at most {self._bound:,} bytes when it is unzipped: '
                f'{_LEAST_BOUND:,}, or {_MOST_TIMES} times its size. Found more. If you trust the '
                'file, unzip it yourself.'
            )
        return count
