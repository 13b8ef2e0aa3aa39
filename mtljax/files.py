"""Files that are written whole or not at all."""

import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all, also where several processes write it.

    Args:
      path: the file.
      text: what it will hold.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder) / 'note.txt', 'done')
    ...     [path.name for path in Path(folder).iterdir()]
    ['note.txt']
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; see `write_text`.

    Args:
      path: the file.
      content: what it will hold.
    """
    partial = path.with_name(f'.{os.getpid()}.partial-{path.name}'[:250])
    with partial.open('wb') as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
