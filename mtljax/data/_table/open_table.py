"""Opening a table, whatever it is: a file, a frame, or a mapping of columns."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mtljax.data._reading.paths import as_path, require
from mtljax.data._table.arrow_file import ARROW, PARQUET, ArrowFile
from mtljax.data._table.csv_file import csv_chunks, read_csv
from mtljax.data._table.frame import Frame, columns_of
from mtljax.data._table.source import Source
from mtljax.options import check_optional_count

_LAYOUT = 'a table: .csv with a header, perhaps gzipped; .parquet; .arrow or .feather'
_SOURCE = 'Check the path, which starts at the current folder.'


def open_table(path: Any, delimiter: str = ',', encoding: str = 'utf-8') -> Source:
    """Open a table.

    Args:
      path: A path, a frame of pandas, polars or Arrow, or a mapping ``{column: cells}``.
      delimiter: The character between fields of a file of text.
      encoding: The encoding of a file of text.

    Raises:
      FileNotFoundError: The file does not exist.
      ValueError: The path is empty or a folder, or the table cannot be read; see `table`.
      ImportError: The table needs the extra ``tables``, which is not installed.
    """
    if path is not None and not isinstance(path, str | os.PathLike):
        return Frame(columns_of(path))
    file = _file(path)
    return ArrowFile(file) if _is_arrow(file) else read_csv(file, delimiter, encoding)


def table_chunks(
    path: str | os.PathLike | None,
    rows_each: int | None,
    *,
    delimiter: str = ',',
    encoding: str = 'utf-8',
) -> Iterator[Mapping[str, Any]]:
    """Read a table in parts, so that it need not fit the memory.

    Args:
      path: A CSV file with a header, gzipped or not, or a file of Parquet or Arrow.
      rows_each: The number of rows of a part; the last one of a file or a row group may have fewer.
        None means all rows.
      delimiter: The character between fields of a file of text.
      encoding: The encoding of a file of text.

    Returns:
      An iterator over the parts: the cells of every column, ``{column: cells}``. The cells are
      texts, or columns of Arrow.

    Raises:
      FileNotFoundError: The file does not exist.
      ValueError: The path is empty or a folder, there is no row, a row has another number of
        fields, the header repeats a name, or the file is damaged or has another delimiter or
        encoding.
      ImportError: The table needs the extra ``tables``, which is not installed.
    """
    check_optional_count('rows_each', rows_each)
    file = _file(path)
    if _is_arrow(file):
        return ArrowFile(file).chunks(rows_each)
    return csv_chunks(file, rows_each, delimiter, encoding)


def _file(path: Any) -> Path:
    if not path or not isinstance(path, str | os.PathLike):
        raise ValueError(
            f"path should name the table, as in table('houses.csv', ...) or "
            f'--config.data.path=houses.csv. Found path = {path!r}.'
        )
    file = require(as_path(path), _LAYOUT, _SOURCE)
    if file.is_dir():
        raise ValueError(f'{file} should be a file. Found a folder.')
    return file


def _is_arrow(file: Path) -> bool:
    return file.suffix.lower() in (*PARQUET, *ARROW)
