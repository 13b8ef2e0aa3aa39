"""The checksums of the files of a folder, in a file beside them."""

import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from mtljax.files import sum_of_json, write_text

NAME = 'sums.json'
_CHUNK = 1 << 20


def write_sums(folder: Path) -> None:
    """Write the size and the CRC-32 of every file of a folder to ``sums.json``.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     _ = (folder / 'note.txt').write_text('first')
    ...     write_sums(folder)
    ...     _ = (folder / 'note.txt').write_text('firsd')
    ...     list(damaged_files(folder))
    ['note.txt']
    """
    files = {path: _sum_of(folder / path) for path in _paths(folder)}
    write_text(folder / NAME, json.dumps({'files': files, 'sum': sum_of_json(files)}) + '\n')


def damaged_files(folder: Path) -> Iterator[str]:
    """Return the paths of all files that are not as they were written.

    If there are no checksums, or if their file itself is damaged, there are no such paths.
    """
    for path, expected in _read_sums(folder).items():
        try:
            whole = _sum_of(folder / path) == expected
        except OSError:  # it is missing, or the disk cannot read it
            whole = False
        if not whole:
            yield path


def has_sums(folder: Path) -> bool:
    """Return whether the checksums of a folder can be read."""
    return bool(_read_sums(folder))


def _read_sums(folder: Path) -> dict[str, list[int]]:
    try:
        content = json.loads((folder / NAME).read_bytes())
        return content['files'] if content['sum'] == sum_of_json(content['files']) else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _paths(folder: Path) -> list[str]:
    found = (path for path in folder.rglob('*') if path.is_file() and path.name != NAME)
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _sum_of(path: Path) -> list[int]:
    total = 0
    with path.open('rb') as file:
        while chunk := file.read(_CHUNK):
            total = zlib.crc32(chunk, total)
        return [os.fstat(file.fileno()).st_size, total]
