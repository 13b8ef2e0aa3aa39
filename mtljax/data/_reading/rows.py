"""Tables of text, read row by row, and their columns of numbers."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mtljax._shown import shown
from mtljax.data._reading.cells import parse
from mtljax.data._reading.open import read_lines


def rows(
    path: Path,
    columns: int | None = None,
    *,
    delimiter: str = ',',
    quotes: bool = True,
    encoding: str = 'utf-8-sig',
) -> Iterator[list[str]]:
    """Yield the rows of a table of text, gzipped or not, without blanks around the fields.

    Empty lines are skipped.

    Args:
      path: The file.
      columns: The number of fields in a row. The default is that of the first row.
      delimiter: The character between fields.
      quotes: Whether ``"`` encloses fields. If False, it is an ordinary character.
      encoding: The encoding of the text.

    Raises:
      ValueError: A row has another number of fields, there is no row, a quote is not closed, or the
        file is not text. The error names the file and the line.
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
                    f'{path}, line {reader.line_num}: the row should have {columns} fields. '
                    f'Found {len(row)}.'
                )
            yield [field.strip() for field in row]
    except csv.Error as error:
        raise ValueError(f'{path}, from line {first} on: {error}') from error
    if empty:
        raise ValueError(f'{path} should hold rows of text. Found an empty file.')


def numbers(
    path: Path,
    name: str,
    cells: Sequence[str],
    *,
    first: int | Sequence[int] = 1,
    empty: bool = True,
) -> np.ndarray:
    """Read a column of finite numbers, ``[N]``, float64; an empty cell becomes NaN.

    Args:
      path: The file, for errors.
      name: The name of the column, for errors.
      cells: The texts of the cells.
      first: The number of the row of the first cell, 2 below a header; or the row of each cell.
      empty: Whether a cell may be empty.

    Raises:
      ValueError: A cell holds no number. The error names the file, the column and the row.

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
            f'{path}, row {number}: {shown(name)} should be a number. Found {shown(cells[row])}.'
        )
    return values
