"""Paths of data: paths that a user gives, fetched folders, and errors for missing files."""

import os
from collections.abc import Sequence
from pathlib import Path


def fetched_folder(name: str) -> Path:
    """The folder that ``python -m experiments.data fetch NAME`` fills.

    It is ``$MTLJAX_DATA/NAME``, or ``~/.cache/mtljax/data/NAME`` if the variable ``MTLJAX_DATA`` is
    not set. It exists only after the fetch.

    Args:
      name: The name of the data, such as ``'census'``.

    >>> fetched_folder('census').name
    'census'
    """
    return as_path(os.environ.get('MTLJAX_DATA') or '~/.cache/mtljax/data') / name


def as_path(path: str | os.PathLike) -> Path:
    """Return a user's path with ``~`` replaced by the home folder.

    Raises:
      ValueError: The path is empty.
    """
    if not os.fspath(path):
        raise ValueError("path should name a file or folder. Found ''.")
    return Path(path).expanduser()


def folder_of(path: str | os.PathLike | None, name: str) -> Path:
    """Return the folder that a user names, or the fetched folder ``name`` if ``path`` is None."""
    return as_path(path) if path else fetched_folder(name)


def require(path: Path, layout: str, source: str) -> Path:
    """Return the path of a file or folder, or of the file gzipped; raise an error if it is missing.

    Args:
      path: The expected path. For a file, ``path`` with ``.gz`` appended is accepted too.
      layout: The expected files, one a line.
      source: A sentence that says where the data comes from.

    Raises:
      FileNotFoundError: The file or folder does not exist.

    >>> require(Path('nowhere/train.csv'), 'train.csv', 'It is yours.')
    Traceback (most recent call last):
    FileNotFoundError: nowhere/train.csv is missing. Expected:
    train.csv
    It is yours.
    """
    existing = _existing(path)
    if existing is None:
        raise FileNotFoundError(f'{path} is missing. Expected:\n{layout}\n{source}')
    return existing


def require_one(
    folder: Path, layouts: Sequence[Sequence[str]], layout: str, source: str
) -> list[Path]:
    """Return the files of a folder that may follow one of several naming schemes; see `require`.

    Args:
      folder: The folder of the files.
      layouts: For each naming scheme, the names of its files.
      layout: The expected files as text for the error.
      source: A sentence that says where the data comes from.

    Raises:
      FileNotFoundError: A file is missing.
      ValueError: The folder holds files of several schemes.
    """
    present = [names for names in layouts if any(_existing(folder / name) for name in names)]
    if len(present) > 1:
        raise ValueError(
            f'{folder} should hold the files of one of {present}. Found files of each. Remove the '
            'others.'
        )
    return [require(folder / name, layout, source) for name in (present or layouts)[0]]


def _existing(path: Path) -> Path | None:
    zipped = path.with_name(path.name + '.gz')
    return next((candidate for candidate in (path, zipped) if candidate.exists()), None)
