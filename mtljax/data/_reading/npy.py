"""Arrays in .npy files, whose headers may be damaged."""

import ast
import io
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from mtljax._shown import shown

_LENGTHS = {b'\x01\x00': (2, 'latin1'), b'\x02\x00': (4, 'latin1'), b'\x03\x00': (4, 'utf-8')}
_LONGEST = 10_000  # of a header, as in NumPy
_BROKEN = (
    *(ValueError, OSError, SyntaxError, TypeError, KeyError, AttributeError, OverflowError),
    *(RecursionError, MemoryError),
)


class _Header(NamedTuple):
    """What a header says about its array."""

    shape: tuple[int, ...]
    columns_first: bool
    dtype: np.dtype


def read_npy(path: Path) -> np.ndarray:
    """Read the array of a .npy file. Nothing in the file is run.

    The header is compared with the size of the file before memory is taken. Files of Python 2 are
    read too.

    Raises:
      FileNotFoundError: There is no such file.
      ValueError: The file holds no whole array of numbers. The error names the file.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), '0.npy')
    >>> np.save(path, np.arange(3))
    >>> read_npy(path).tolist()
    [0, 1, 2]
    """
    size = path.stat().st_size
    try:
        with path.open('rb') as file:
            return _array(file, size, lambda dtype, count: np.fromfile(file, dtype, count))
    except FileNotFoundError:
        raise
    except _BROKEN as error:
        raise ValueError(f'{path} should be a whole .npy file. Found: {error!s:.200}.') from error


def npy_of(name: str, content: bytes) -> np.ndarray:
    """Return the array of the content of a .npy file; see `read_npy`.

    Raises:
      ValueError: The content holds no whole array of numbers. The error has the name.
    """
    file = io.BytesIO(content)

    def read(dtype: np.dtype, count: int) -> np.ndarray:
        return np.frombuffer(content, dtype, count, file.tell()).copy()

    try:
        return _array(file, len(content), read)
    except _BROKEN as error:
        raise ValueError(f'{shown(name)} should be a whole array. Found: {error!s:.200}') from error


def _array(file: IO[bytes], size: int, read: Callable[[np.dtype, int], np.ndarray]) -> np.ndarray:
    header = _header(file)
    count = math.prod(header.shape)
    if count * header.dtype.itemsize > size - file.tell():
        raise ValueError(f'an array {header.shape} that is larger than the file')
    return read(header.dtype, count).reshape(
        header.shape, order='F' if header.columns_first else 'C'
    )


def _header(file: IO[bytes]) -> _Header:
    magic, version = file.read(6), file.read(2)
    if magic != b'\x93NUMPY' or version not in _LENGTHS:
        raise ValueError('another beginning')
    digits, encoding = _LENGTHS[version]
    length = int.from_bytes(file.read(digits), 'little')
    if length > _LONGEST:
        raise ValueError(f'a header of {length} bytes')
    text = re.sub(r'(?<=\d)L\b', '', file.read(length).decode(encoding))  # 4L is of Python 2
    fields: dict[str, Any] = ast.literal_eval(text)  # numbers, texts and containers only
    shape, dtype = fields['shape'], np.dtype(fields['descr'])
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f'the shape {shape!r:.80}')
    if dtype.kind not in 'biufc':
        raise ValueError(f'objects of the type {dtype!s:.80} instead of numbers')
    return _Header(shape, bool(fields['fortran_order']), dtype)
