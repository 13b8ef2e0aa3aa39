"""Arrays in .npy and .npz files of the user."""

import os
import zipfile
import zlib

import numpy as np

from mtljax.data._reading.npy import npy_of, read_npy
from mtljax.data._reading.paths import as_path
from mtljax.tracing import free_memory

_BROKEN = (
    *(ValueError, OSError, EOFError, SyntaxError, TypeError, KeyError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, RecursionError, MemoryError, NotImplementedError),
    RuntimeError,  # an encrypted file
)


def read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read the arrays of a .npy or .npz file. Nothing in the file is run.

    Args:
      path: The file.

    Returns:
      The arrays by their names. The name of the array of a .npy file is ``'inputs'``.

    Raises:
      FileNotFoundError: There is no such file.
      ValueError: The file has another ending, is damaged, holds something else than arrays of
        numbers, or does not fit the free memory.

    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp(), 'two.npz')
    >>> np.savez(path, a=np.arange(3), b=np.ones(2))
    >>> {name: array.shape for name, array in read_arrays(path).items()}
    {'a': (3,), 'b': (2,)}
    """
    file = as_path(path)
    if file.suffix == '.npy':
        return {'inputs': read_npy(file)}
    if file.suffix != '.npz':
        raise ValueError(f'A file of arrays should end with .npy or .npz. Found {file}.')
    try:
        with zipfile.ZipFile(file) as members:
            infos = members.infolist()
            _check_size(sum(info.file_size for info in infos))
            return {
                info.filename.removesuffix('.npy'): npy_of(info.filename, members.read(info))
                for info in infos
            }
    except FileNotFoundError:
        raise
    except _BROKEN as error:
        raise ValueError(f'{file} should be a whole .npz file. Found: {error!s:.200}.') from error


def _check_size(size: int) -> None:
    most = free_memory()
    if most is not None and size > most:
        raise ValueError(f'arrays of {size:,} bytes, but {most:,} bytes of memory are free')
