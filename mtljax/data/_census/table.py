"""The files of KDD census-income, by columns."""

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from mtljax._shown import shown
from mtljax.data._census.columns import COLUMNS, DENSE
from mtljax.data._reading.paths import require_one
from mtljax.data._reading.rows import numbers, rows
from mtljax.data._reading.scaling import apply_scale, fit_scale
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.transforms import Log1p

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


def fit(train: np.ndarray, scaling: str) -> list[Numbers]:
    """Return how each numeric column is scaled, by the statistics of the training rows ``[N, 7]``.

    For ``'minmax'``, the mean is the smallest number, and the scale is the width of the range.
    """
    low, high = train.min(0), train.max(0)
    if scaling == 'log':
        mean, scale = fit_scale(np.log1p(train), DENSE)
        transform = Log1p()
    else:
        mean, scale, transform = low, high - low, None
    statistics = np.stack([mean, scale, low, high], axis=1).tolist()
    return [Numbers(*each, transform=transform) for each in statistics]


def scaled(values: np.ndarray, columns: Sequence[Numbers]) -> np.ndarray:
    """Scale the numeric columns, float32 ``[N, 7]``."""
    transforms = [each.transform for each in columns]
    parts = [
        column if transform is None else transform.forward(name, column)
        for name, column, transform in zip(DENSE, values.T, transforms, strict=True)
    ]
    means, scales = ([getattr(each, part) for each in columns] for part in ('mean', 'scale'))
    return apply_scale(np.stack(parts, axis=1), means, scales, DENSE)
