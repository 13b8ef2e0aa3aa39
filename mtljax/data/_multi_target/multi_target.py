"""Regression with several targets."""

import numbers
import os
from collections.abc import Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import optax

from mtljax import answers, heads, metrics
from mtljax.base import Dataset, Metric, Task
from mtljax.data._multi_target.cells import LAYOUT as CELLS
from mtljax.data._multi_target.schema import schema_of
from mtljax.data._multi_target.table import table_of_cells, table_of_columns
from mtljax.data._reading.paths import as_path, require
from mtljax.data._reading.scaling import apply_scale, fit_scale, standardise, to_units
from mtljax.data._splits.array_split import array_split
from mtljax.data._splits.random_rows import check_shares, random_rows
from mtljax.data._table.numbers import Numbers
from mtljax.options import check_count, check_seed

_LAYOUT = f"""\
an .arff file; a .csv file with a header; or
{CELLS}"""
_SOURCE = (
    "The files are the user's: Mulan's multi-target sets are at https://mulan.sourceforge.net, "
    'the School data comes with MALSAR.'
)


def multi_target(
    path: str | os.PathLike,
    *,
    targets: int | Sequence[str] | None = None,
    validation: float = 0.1,
    test: float = 0.2,
    split: Sequence[Sequence[int]] | None = None,
    seed: int = 0,
) -> Dataset:
    """Read a table with several regression targets, or several tables with one target each.

    The ending of the file name decides the format. Files of the first two formats may be gzipped:

    - ``.arff``: the data sets of Mulan (Spyromitros-Xioufis et al., Machine Learning 2016,
      https://doi.org/10.1007/s10994-016-5546-z). Each target is one task, with the name of its
      attribute. Nominal inputs become one-hot columns, which are not standardised. A missing value
      is written as ``?``. A missing target is masked. A missing input becomes the mean of the
      training rows, or zeros if the input is nominal. An empty cell is an error.
    - ``.csv``: a table of numbers with a header. An empty cell or ``?`` is a missing value.
    - ``.mat``: the School data, as in Argyriou, Evgeniou & Pontil, Machine Learning 2008,
      https://doi.org/10.1007/s10994-007-5040-8. The file holds the cell arrays ``X (1, T)`` and
      ``Y (1, T)`` for T tasks: the inputs and the targets of each task. Each school is one task,
      ``'task_1'`` and so on. The pupils of all schools form one table. A pupil has a label for the
      task of one school only; the labels of all other tasks are masked. The rows of each task are
      split separately. The targets of all tasks are standardised with one common mean and scale,
      because they have the same unit.

    Inputs are ``[B, D]``, float32. Inputs and targets ``[B]`` are standardised with the mean and
    the standard deviation of the training rows. An input that is constant in these rows is 0
    everywhere. The metric ``rmse`` has the unit of the file. The metric ``rrmse`` is the rmse
    divided by the rmse of a constant prediction: the mean of the target over the training rows. The
    split is random by default.

    A run can answer for new tables with the names of the input columns in their header; those of a
    .mat file are ``x1``, ``x2`` and so on.

    Args:
      path: The file.
      targets: The columns that are targets: their names, or a number n for the last n columns. An
        .arff or .csv file requires this option. With a .mat file, it has to be None.
      validation: The share of rows for the validation split, in (0, 1).
      test: The share of rows for the test split, in (0, 1).
      split: Three lists with the row numbers of the training, validation and test split. Rows are
        counted from 0. In a .mat file, they are counted over all schools. By default, the split is
        random. If the lists are given, ``validation``, ``test`` and ``seed`` are not used.
      seed: The random seed of the split.

    Raises:
      FileNotFoundError: The file does not exist.
      ValueError: The file has unexpected content. In this case, the error names the line or the
        cell. A ValueError is also raised if an option is out of range, if a target is unknown, if a
        target does not vary in the training rows, or if a split has no row.

    >>> multi_target('school.mat')
    Traceback (most recent call last):
    FileNotFoundError: school.mat is missing. Expected:
    ...
    """
    check_seed('seed', seed)
    check_shares(validation, test)
    if isinstance(targets, numbers.Real) and not isinstance(targets, bool):
        check_count('targets', targets, 1)
    if split is not None:
        _check_split(split)
    path = require(as_path(path), _LAYOUT, _SOURCE)
    kind = Path(path.name.removesuffix('.gz')).suffix.lower()
    if kind == '.mat' and targets is None:
        table = table_of_cells(path)
    elif kind in ('.arff', '.csv') and targets is not None:
        table = table_of_columns(path, kind, targets)
    else:
        raise ValueError(
            'path should be an .arff or .csv file with the option targets, or a .mat file without '
            f'it. Found {path.name} with targets = {targets}.'
        )
    parts = _parts(table.group, validation, test, seed) if split is None else _given(table, split)
    fitted = fit_scale(table.x[parts[0]])
    x = apply_scale(table.x, *fitted)
    x = np.where(table.one_hot, table.x, np.nan_to_num(x))
    names = list(table.columns) if len(table.columns) == table.y.shape[1] else ['Y']  # of cells
    y, mean, scale = standardise(table.y, parts[0], names, targets=True)
    known, y = ~np.isnan(y), np.nan_to_num(y)
    splits = [
        array_split(
            x[part],
            {task: y[part, column] for task, (column, _) in table.columns.items()},
            {
                task: known[part, column] & rows[part]
                for task, (column, rows) in table.columns.items()
            },
        )
        for part in parts
    ]
    low, high = np.nanmin(table.y, axis=0), np.nanmax(table.y, axis=0)
    rows = np.stack([mean, scale, low, high], axis=1).tolist()
    labels = {task: Numbers(*rows[at]) for task, (at, _) in table.columns.items()}
    tasks = {task: _task(label) for task, label in labels.items()}
    return Dataset(tasks, *splits, schema=schema_of(table, fitted, labels).to_json())


def _parts(group, validation, test, seed):
    """Draw the rows of each split; each group is split separately."""
    parts = ([], [], [])
    for number, size in enumerate(np.bincount(group)):
        drawn = random_rows(int(size), validation, test, (seed, number))
        for part, chosen in zip(parts, drawn, strict=True):
            part.append(np.flatnonzero(group == number)[chosen])
    return [np.concatenate(part) for part in parts]


def _check_split(split):
    """Check all of a split that does not depend on the number of rows of the file."""
    several = isinstance(split, Sequence | np.ndarray) and not isinstance(split, str)
    parts = [np.asarray(part) for part in split] if several else []
    whole = all(part.ndim == 1 and part.dtype.kind in 'iu' and len(part) for part in parts)
    if len(parts) != 3 or not whole or min(part.min() for part in parts) < 0:
        raise ValueError(
            'split should be the rows of training, validation and test, counted from 0. '
            f'Found split = {split!r:.200}.'
        )


def _given(table, split):
    parts = [np.asarray(part) for part in split]
    every = np.concatenate(parts)
    if every.max() >= len(table.x):
        raise ValueError(
            'split should be the rows of training, validation and test, counted from 0, of '
            f'{len(table.x)} rows. Found shapes {[part.shape for part in parts]}.'
        )
    if len(np.unique(every)) < len(every):
        raise ValueError(
            f'split should name every row once at most. Found {len(every)} names of '
            f'{len(np.unique(every))} rows.'
        )
    return parts


def _task(label: Numbers) -> Task:
    errors = {'rmse': metrics.rmse(to_units(0, label.scale)), 'rrmse': _relative_rmse()}
    answer = answers.number(label.units)
    return Task(heads.linear(), optax.squared_error, errors, label.units, answer=answer)


def _relative_rmse() -> Metric:
    """The rmse divided by that of predicting 0, the training mean of a standardised target."""
    error = metrics.mean_of(optax.squared_error, higher_is_better=False)
    size = metrics.mean_of(lambda _, target: target**2, higher_is_better=False)

    def update(*batch):
        return [part.update(*batch) for part in (error, size)]

    def result(sums):
        return jnp.sqrt(sums[0]['total'] / sums[1]['total'])

    return Metric(update, result, higher_is_better=False)
