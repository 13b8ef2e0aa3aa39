"""A folder that is written completely or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mtljax.files._write import PARTIAL


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Fill a folder that gets its name when it is complete; an error leaves nothing behind.

    Args:
      path: The path of the folder, which does not exist yet.

    Yields:
      The path of the folder while it is filled.

    Raises:
      ValueError: There is something at this path.

    >>> import tempfile
    >>> from mtljax.files import write_text
    >>> with tempfile.TemporaryDirectory() as name:
    ...     with new_folder(Path(name) / 'both') as folder:
    ...         write_text(folder / 'a.txt', 'first')
    ...         there = (Path(name) / 'both').exists()
    ...     there, [str(path.relative_to(name)) for path in Path(name).rglob('*.txt')]
    (False, ['both/a.txt'])
    """
    check_free(path)
    partial = path.with_name(f'.{path.name[:200]}.{os.getpid()}{PARTIAL}')
    partial.mkdir()
    try:
        yield partial
        os.rename(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def check_free(path: Path) -> None:
    """Raise an error if there is something at a path.

    Raises:
      ValueError: There is something.
    """
    if path.exists() or path.is_symlink():
        raise ValueError(
            f'There should be nothing at {path} yet. Remove it, or choose another path.'
        )
