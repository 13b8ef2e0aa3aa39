"""AliExpress search logs, read from tables in bounded memory."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtljax._shown import shown
from mtljax.data._reading.names import check_header
from mtljax.data._reading.paths import require_one
from mtljax.data._reading.rows import rows

LAYOUT = """\
train.csv, test.csv  (or aliexpress_train_sample.csv, aliexpress_test_sample.csv), with the header
search_id,categorical_1,...,categorical_16,numerical_1,...,numerical_63,click,conversion"""
SOURCE = 'The tables are those of the AliExpress Searching System data, https://tianchi.aliyun.com.'
CATEGORICAL = tuple(f'categorical_{number}' for number in range(1, 17))
NUMERICAL = tuple(f'numerical_{number}' for number in range(1, 64))
LABELS = ('click', 'conversion')
_CHUNK = 512  # rows held as text at once: they fit into a processor's cache


class Log(NamedTuple):
    """The content of a table.

    Attributes:
      categorical: int32 ``[N, 16]``.
      numerical: float32 ``[N, 63]``.
      labels: int32 ``[N, 2]``, 0 or 1.
    """

    categorical: np.ndarray
    numerical: np.ndarray
    labels: np.ndarray


def find_logs(folder: Path) -> list[Path]:
    """Return the training and the test file of a folder.

    Raises:
      FileNotFoundError: A file is missing.
      ValueError: The folder holds files under both names.
    """
    layouts = [
        [form.format(part) for part in ('train', 'test')]
        for form in ('{}.csv', 'aliexpress_{}_sample.csv')
    ]
    return require_one(folder, layouts, LAYOUT, SOURCE)


def read_log(path: Path) -> Log:
    """Read the columns of a table, in any order.

    Raises:
      ValueError: The file lacks columns or rows, or a cell has unexpected content. The error names
        the file and the row.
    """
    table = rows(path)
    header = next(table)
    names = (*CATEGORICAL, *NUMERICAL, *LABELS)
    check_header(path, header, names)
    where = {name: header.index(name) for name in names}
    parts = [
        Log(
            _block(path, columns, where, CATEGORICAL, first, np.int32),
            _block(path, columns, where, NUMERICAL, first, np.float32),
            _labels(path, columns, where, first),
        )
        for first, columns in _chunks(table)
    ]
    if not parts:
        raise ValueError(f'{path} should hold rows below its header. Found none.')
    return Log(*map(np.concatenate, zip(*parts, strict=True)))


def _chunks(table) -> Iterator[tuple[int, list[tuple[str, ...]]]]:
    """Yield a few rows at a time, as columns, with the number of the first row."""
    first = 2
    while chunk := list(itertools.islice(table, _CHUNK)):
        yield first, list(zip(*chunk, strict=True))
        first += len(chunk)


def _block(path, columns, where, names, first, dtype):
    """The numbers in the columns ``names``, as an array ``[rows, names]``."""
    kind, expected = (
        (int, 'a whole number of 32 bits') if dtype == np.int32 else (float, 'a number')
    )
    block = np.empty((len(columns[0]), len(names)), dtype)
    for index, name in enumerate(names):
        cells = columns[where[name]]
        try:
            with np.errstate(over='ignore'):  # infinite numbers are refused below
                block[:, index] = np.fromiter(map(kind, cells), dtype, len(cells))
        except (ValueError, OverflowError):
            row = next(row for row, cell in enumerate(cells) if not _fits(cell, kind, dtype))
            raise ValueError(
                f'{path}, row {row + first}: {name!r} should be {expected}. Found '
                f'{shown(cells[row])}.'
            ) from None
    if not np.isfinite(block).all():
        row, index = np.argwhere(~np.isfinite(block))[0]
        raise ValueError(f'{path}, row {row + first}: {names[index]!r} should be finite.')
    return block


def _fits(cell, kind, dtype) -> bool:
    try:
        np.array(kind(cell), dtype)
    except (ValueError, OverflowError):
        return False
    return True


def _labels(path, columns, where, first):
    labels = _block(path, columns, where, LABELS, first, np.float32)
    bad = np.argwhere((labels != 0) & (labels != 1))
    if len(bad):
        row, index = bad[0]
        raise ValueError(
            f'{path}, row {row + first}: {LABELS[index]!r} should be 0 or 1. '
            f'Found {labels[row, index]:g}.'
        )
    alone = np.flatnonzero(labels[:, 1] > labels[:, 0])
    if len(alone):
        raise ValueError(
            f'{path}, row {alone[0] + first}: a conversion should have a click. Found none.'
        )
    return labels.astype(np.int32)
