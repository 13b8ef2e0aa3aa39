"""Files that a user has, or that were fetched."""

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mtljax.data._reading.columns import parse
from mtljax.data._reading.open import read_lines


def fetched(name: str) -> Path:
    """The folder that ``python -m experiments.data fetch NAME`` fills.

    ``$MTLJAX_DATA/NAME``, by default ``~/.cache/mtljax/data/NAME``.

    >>> fetched('census').name
    'census'
    """
    return as_path(os.environ.get('MTLJAX_DATA') or '~/.cache/mtljax/data') / name


def as_path(path: str | os.PathLike) -> Path:
    """A user's path; ``~`` is their home.

    Raises:
      ValueError: it is empty.
    """
    if not os.fspath(path):
        raise ValueError("path should say where the data lies. Found ''.")
    return Path(path).expanduser()


def folder_of(path: str | os.PathLike | None, name: str) -> Path:
    """A user's folder, or without one, what was fetched."""
    return as_path(path) if path else fetched(name)


def require(path: Path, layout: str, source: str) -> Path:
    """The path of a file or folder, gzipped or not, or an error that says how to get it.

    Args:
      path: where it should lie; for a file, ``path`` with ``.gz`` behind it serves too.
      layout: the files that are expected, one a line.
      source: where the data comes from, a sentence.

    Raises:
      FileNotFoundError: it is not there.

    >>> require(Path('nowhere/train.csv'), 'train.csv', 'It is yours.')
    Traceback (most recent call last):
    FileNotFoundError: nowhere/train.csv is missing. Expected:
    train.csv
    It is yours.
    """
    found = _there(path)
    if found is None:
        raise FileNotFoundError(f'{path} is missing. Expected:\n{layout}\n{source}')
    return found


def require_one(
    folder: Path, layouts: Sequence[Sequence[str]], layout: str, source: str
) -> list[Path]:
    """The files of a folder that may be called one thing or another; see `require`.

    Args:
      folder: where they lie.
      layouts: the names that go together, for each way to call the files.
      layout: the same for people.
      source: where the data comes from, a sentence.

    Raises:
      FileNotFoundError: one of them is not there.
      ValueError: there are files of several ways.
    """
    there = [names for names in layouts if any(_there(folder / name) for name in names)]
    if len(there) > 1:
        raise ValueError(f'{folder} should hold one of {there}. Found files of each.')
    return [require(folder / name, layout, source) for name in (there or layouts)[0]]


def _there(path: Path) -> Path | None:
    zipped = path.with_name(path.name + '.gz')
    return next((found for found in (path, zipped) if found.exists()), None)


def rows(
    path: Path,
    columns: int | None = None,
    *,
    delimiter: str = ',',
    quotes: bool = True,
    encoding: str = 'utf-8-sig',
) -> Iterator[list[str]]:
    """The rows of a table of text, gzipped or not, stripped of blanks; empty lines are left out.

    Args:
      path: of the file.
      columns: how many fields a row has; by default as many as the first.
      delimiter: between fields.
      quotes: whether ``"`` encloses fields; it is a letter otherwise.
      encoding: of the text.

    Raises:
      ValueError: a row with another number of fields, no row at all, a quote that is not closed, or
        what is no text; it names file and line.
    """
    first, empty = 1, True
    reader = csv.reader(
        read_lines(path, encoding),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
        skipinitialspace=True,
        strict=True,
    )
    try:
        for row in filter(None, reader):
            empty, columns, first = False, columns or len(row), reader.line_num + 1
            if len(row) != columns:
                raise ValueError(
                    f'{path}, line {reader.line_num}: {columns} fields are expected. '
                    f'Found {len(row)}.'
                )
            yield [field.strip() for field in row]
    except csv.Error as error:
        raise ValueError(f'{path}, from line {first} on: {error}') from error
    if empty:
        raise ValueError(f'{path} is empty: rows of text are expected.')


def numbers(
    path: Path,
    name: str,
    cells: Sequence[str],
    *,
    first: int | Sequence[int] = 1,
    empty: bool = True,
) -> np.ndarray:
    """A column of finite numbers ``[N]``; empty cells are NaN.

    Args:
      path: of the file, for errors.
      name: of the column, for errors.
      cells: as text.
      first: the number of the first cell's row, 2 below a header; or those of all.
      empty: whether cells may be empty.

    Raises:
      ValueError: a cell that is no number; it names file, column and row.

    >>> numbers(Path('a.csv'), 'price', ['1.5', '', 'x'])
    Traceback (most recent call last):
    ValueError: a.csv, row 3: 'price' should be a number. Found 'x'.
    """
    values, wrong = parse(cells)
    wrong = wrong if empty else np.isnan(values)
    if wrong.any():
        row = int(wrong.argmax())
        number = row + first if isinstance(first, int) else first[row]
        raise ValueError(
            f'{path}, row {number}: {name!r} should be a number. Found {cells[row]!r}.'
        )
    return values
