"""Writing tables of answers, part by part."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mtljax.files import npz_of, replacing, write_bytes

Write = Callable[[Mapping[str, Any]], None]
"""A function that writes the columns of more rows: arrays, texts, or columns of Arrow."""

ENDINGS = ('.csv', '.npz', '.parquet')


@contextmanager
def writer_of(path: Path) -> Iterator[Write]:
    """Open a file, by its ending, that is complete or not there at all.

    Args:
      path: The path of a file .csv, .npz or .parquet.

    Yields:
      A function that writes more rows.
    """
    match path.suffix:
        case '.npz':
            parts: list[Mapping[str, Any]] = []
            yield parts.append
            whole = {
                name: np.concatenate([as_array(part[name]) for part in parts]) for name in parts[0]
            }
            write_bytes(path, npz_of({name: _typed(column) for name, column in whole.items()}))
        case '.parquet':
            with replacing(path) as file, _parquet(file) as write:
                yield write
        case _:
            with replacing(path) as file, _csv(file) as write:
                yield write


@contextmanager
def _csv(file: Any) -> Iterator[Write]:
    text = io.TextIOWrapper(file, encoding='utf-8', newline='')
    rows, header = csv.writer(text, lineterminator='\n'), []

    def write(columns: Mapping[str, Any]) -> None:
        if not header:
            header.extend(columns)
            rows.writerow(header)
        rows.writerows(zip(*map(_texts, columns.values()), strict=True))

    yield write
    text.flush()
    text.detach()


@contextmanager
def _parquet(file: Any) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writers: list[pq.ParquetWriter] = []

    def write(columns: Mapping[str, Any]) -> None:
        table = pa.table(dict(columns))
        if not writers:
            writers.append(pq.ParquetWriter(file, table.schema))
        writers[0].write_table(table)

    yield write
    for writer in writers:
        writer.close()


def _texts(column: Any) -> list[str]:
    """The texts of a column; a number has the fewest digits that give the same float32 again."""
    column = as_array(column)
    if column.dtype == object:
        return ['' if cell is None else str(cell) for cell in column]
    texts = column.astype(str)
    if np.issubdtype(column.dtype, np.floating):
        texts[~np.isfinite(column)] = ''
    return texts.tolist()


def as_array(column: Any) -> np.ndarray:
    """Return a column as an array; a column of Arrow becomes an array of objects.

    Raises:
      ValueError: A column of Arrow holds a date that Python cannot express.
    """
    if isinstance(column, np.ndarray):
        return column
    try:
        listed = column.to_pylist() if hasattr(column, 'to_pylist') else list(column)
    except OverflowError as error:
        raise ValueError(
            f'Dates should be in the years 1 to 9999. Found others: {error!s:.100}.'
        ) from error
    array = np.empty(len(listed), object)
    array[:] = listed
    return array


def _typed(column: np.ndarray) -> np.ndarray:
    return np.array(_texts(column)) if column.dtype == object else column
