"""Files that a user has, or that were fetched."""

import csv
import gzip
import os
from collections.abc import Iterator, Sequence
from pathlib import Path


def fetched(name: str) -> Path:
    """The folder that ``python -m experiments.data fetch NAME`` fills.

    ``$MTLJAX_DATA/NAME``, by default ``~/.cache/mtljax/data/NAME``.

    >>> fetched('census').name
    'census'
    """
    root = os.environ.get('MTLJAX_DATA', '~/.cache/mtljax/data')
    return Path(root).expanduser() / name


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
    for found in (path, path.with_name(path.name + '.gz')):
        if found.exists():
            return found
    raise FileNotFoundError(f'{path} is missing. Expected:\n{layout}\n{source}')


def rows(path: Path, columns: int | None = None, *, delimiter: str = ',') -> Iterator[list[str]]:
    """The rows of a table of text, gzipped or not, stripped of blanks; empty lines are left out.

    Args:
      path: of the file.
      columns: how many fields a row has; by default as many as the first.
      delimiter: between fields.

    Raises:
      ValueError: a row with another number of fields, no row at all, or what is no text; it names
        file and line.
    """
    opened = gzip.open if path.suffix == '.gz' else open
    read = 0
    try:
        with opened(path, 'rt', encoding='utf-8', newline='') as file:
            reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
            for row in filter(None, reader):
                read += 1
                columns = len(row) if columns is None else columns
                if len(row) != columns:
                    raise ValueError(
                        f'{path}, line {reader.line_num}: {columns} fields are expected. '
                        f'Found {len(row)}.'
                    )
                yield [field.strip() for field in row]
    except (UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f'{path}, after row {read}: {error}') from error
    if not read:
        raise ValueError(f'{path} is empty: rows of text are expected.')


def numbers(path: Path, name: str, cells: Sequence[str], *, first: int = 1) -> list[float]:
    """A column of numbers; empty cells are NaN.

    Args:
      path: of the file, for errors.
      name: of the column, for errors.
      cells: as text.
      first: the number of the first cell's row.

    Raises:
      ValueError: a cell that is no number; it names file, column and row.

    >>> numbers(Path('a.csv'), 'price', ['1.5', '', 'x'])
    Traceback (most recent call last):
    ValueError: a.csv, row 3: 'price' should be a number. Found 'x'.
    """
    found = []
    for index, cell in enumerate(cells, first):
        try:
            found.append(float(cell or 'nan'))
        except ValueError:
            raise ValueError(
                f'{path}, row {index}: {name!r} should be a number. Found {cell!r}.'
            ) from None
    return found
