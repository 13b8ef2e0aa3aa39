"""The files of KDD census-income, by columns."""

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from mtljax._shown import shown
from mtljax.data._census.columns import COLUMNS, DENSE
from mtljax.data._reading.paths import require_one
from mtljax.data._reading.rows import numbers, rows
from mtljax.data._reading.scaling import standardise

_NAMES = (
    ('census_income_1994_1995_train.csv', 'census_income_1994_1995_test.csv'),
    ('census-income.data', 'census-income.test'),
)
_LAYOUT = '\n'.join(
    f'{" or ".join(names)}, perhaps with .gz' for names in zip(*_NAMES, strict=True)
)
_SOURCE = (
    '`python -m experiments.data fetch census` gets them; their official site is the UCI machine '
    'learning repository, Census-Income (KDD).'
)
_AGAIN = 'Fetch the files again: python -m experiments.data fetch census.'

Columns = Mapping[str, Sequence[str]]


def find(folder: Path) -> list[Path]:
    """Return the training and the test file of a folder.

    Raises:
      FileNotFoundError: A file is missing.
      ValueError: The folder holds files under both names.
    """
    return require_one(folder, _NAMES, _LAYOUT, _SOURCE)


def read(path: Path, values: Mapping[str, Collection[str]]) -> Columns:
    """Read the columns of a file, by name.

    Args:
      path: The file.
      values: The allowed values of some columns.

    Raises:
      ValueError: A row has another number of fields, or a value is not allowed.
    """
    # Equal cells share one object: separate objects would fill half a gigabyte.
    table = zip(*[list(map(sys.intern, row)) for row in rows(path, len(COLUMNS))], strict=True)
    columns = dict(zip(COLUMNS, table, strict=True))
    for name, known in values.items():
        wrong = set(columns[name]) - set(known)
        if wrong:
            row = next(row for row, cell in enumerate(columns[name]) if cell in wrong)
            raise ValueError(
                f'{path}, row {row + 1}: {shown(name)} should be one of {sorted(known)}. '
                f'Found {shown(columns[name][row])}. {_AGAIN}'
            )
    return columns


def dense(path: Path, columns: Columns) -> np.ndarray:
    """Read the numeric columns, ``[N, 7]``.

    Raises:
      ValueError: A cell is no number, or a number below 0.
    """
    table = np.stack([numbers(path, name, columns[name], empty=False) for name in DENSE], axis=1)
    bad = np.argwhere(table < 0)
    if len(bad):
        row, column = bad[0].tolist()
        cell = columns[DENSE[column]][row]
        raise ValueError(
            f'{path}, row {row + 1}: {DENSE[column]!r} should be a number >= 0. Found '
            f'{shown(cell)}. '
            f'{_AGAIN}'
        )
    return table


def scaled(train: np.ndarray, test: np.ndarray, scaling: str) -> list[np.ndarray]:
    """Scale the numeric columns of both files by the statistics of the first, float32."""
    if scaling == 'log':
        table = np.log1p(np.concatenate([train, test]))
        return np.split(standardise(table, slice(len(train)), DENSE)[0], [len(train)])
    low, high = train.min(0), train.max(0)
    varies = high > low
    span = np.where(varies, high - low, 1)
    return [np.where(varies, (part - low) / span, 0).astype(np.float32) for part in (train, test)]
