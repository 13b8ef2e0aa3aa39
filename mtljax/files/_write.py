"""Functions that write a file completely or not at all."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_OF_TENSORSTORE = re.compile(r"os_error_code='(\d+)'")
_MAKE_ROOM = 'Make room or choose another folder, and start again.'
_CHOOSE = 'Choose another folder, or make this path writable, and start again.'
PARTIAL = '.partial'  # is in the names of files that are being written


class WriteError(OSError):
    """A file could not be written. What was there before is still there."""

    def __str__(self) -> str:
        return str(self.args[-1])


def could_not_write(path: Path, size: int, error: BaseException) -> WriteError:
    """Return the error for a file that could not be written.

    Args:
      path: The path of the file or folder.
      size: Its size in bytes.
      error: The error of the operating system or of a library.
    """
    number = getattr(error, 'errno', None)
    if number is None and (found := _OF_TENSORSTORE.search(str(error))):
        number = int(found[1])
    reason = os.strerror(number) if number else str(error).splitlines()[0]
    advice = _MAKE_ROOM if number in (errno.ENOSPC, errno.EDQUOT) else _CHOOSE
    return WriteError(
        number,
        f'{path} should be written, with {size:,} bytes. Found an error: {reason}. {advice}',
    )


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step, so that no other process ever reads an incomplete file.

    Several processes may write the same file at the same time.

    Args:
      path: The path of the file. An existing file is replaced.
      text: The new content of the file.

    Raises:
      WriteError: The file cannot be written. The message names the file and its size. An existing
        file stays as it is.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder) / 'note.txt', 'done')
    ...     [path.name for path in Path(folder).iterdir()]
    ['note.txt']
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a binary file in one step, so that no other process ever reads an incomplete file.

    Several processes may write the same file at the same time.

    Args:
      path: The path of the file. An existing file is replaced.
      content: The new content of the file.

    Raises:
      WriteError: The file cannot be written. The message names the file and its size. An existing
        file stays as it is.
    """
    with _named(path, len(content)), replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a binary file that gets its name when it is complete; an error leaves nothing behind.

    Args:
      path: The path of the file. An existing file is replaced at the end.

    Yields:
      The file, which is open for writing.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / 'long.csv') as file:
    ...         size = file.write(b'a,b')
    ...         there = (Path(folder) / 'long.csv').exists()
    ...     size, there, (Path(folder) / 'long.csv').exists()
    (3, False, True)
    """
    partial = path.with_name(f'.{path.name[:200]}.{os.getpid()}{PARTIAL}')
    try:
        with partial.open('wb') as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def append_bytes(path: Path, content: bytes) -> None:
    """Add bytes to the end of a file.

    A kill or a full disk may leave a part of the bytes in the file.

    Args:
      path: The path of the file. It is created if it is missing.
      content: The bytes to add.

    Raises:
      WriteError: The file cannot be written. The message names the file and the number of bytes.
    """
    with _named(path, len(content)), path.open('ab') as file:
        file.write(content)


def remove_partial_files(folder: Path) -> None:
    """Remove the incomplete files that killed processes left in a folder.

    Call this only while no other process writes to the folder.

    Args:
      folder: The folder. Its subfolders are not searched.
    """
    for path in folder.iterdir():
        if path.name.startswith('.') and PARTIAL in path.name:
            path.unlink(missing_ok=True)


@contextmanager
def _named(path: Path, size: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise could_not_write(path, size, error) from error
