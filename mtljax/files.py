"""Functions that write a file completely or not at all."""

import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step, so that no other process ever reads an incomplete file.

    Several processes may write the same file at the same time.

    Args:
      path: The path of the file. An existing file is replaced.
      text: The new content of the file.

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
    """
    partial = path.with_name(f'.{os.getpid()}.partial-{path.name}'[:250])
    with partial.open('wb') as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
