"""A table in a CSV file."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mtljax.base import Dataset
from mtljax.data._csv.arrays import backbone_options, encode_inputs, encode_targets
from mtljax.data._csv.fit import fit_input, fit_target
from mtljax.data._csv.report import report
from mtljax.data._csv.table import read_table
from mtljax.data._csv.tasks import task_of
from mtljax.data._reading.names import as_names, check_names
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.data._splits.random_rows import random_rows
from mtljax.options import check_count

_MISSING = ('', 'NA', 'N/A', 'n/a', 'nan', 'NaN', 'NULL', 'null', 'None', '?')


def csv(
    path: str | os.PathLike | None,
    targets: Iterable[str],
    *,
    drop: Iterable[str] = (),
    categorical: Iterable[str] = (),
    missing: Iterable[str] = _MISSING,
    delimiter: str = ',',
    validation: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
    verbose: bool = False,
) -> Dataset:
    """Read several targets from one table whose cells may be empty.

    The file is UTF-8 text with ``delimiter`` between fields, gzipped or not. Its first line names
    the columns. Each target becomes one task. The values of its cells decide which:

    - Two values: one logit, the binary cross-entropy, ``auc`` and ``binary_accuracy``. The larger
      number, or the later text, is 1.
    - Text, or numbers in a column that ``categorical`` names, of up to 100 values: classes, the
      cross-entropy and ``accuracy``.
    - Other numbers: regression, the squared error of standardised values, ``mae`` and ``rmse`` in
      the units of the column.

    All other columns are inputs, ``{'categorical': int32 [B, C], 'numeric': float32 [B, N]}``. A
    kind without columns is left out. A column whose cells are all finite numbers or empty is
    numeric: it is standardised, and it is 0, the mean, where a cell is empty. If the training rows
    hold one value only, it is 0 everywhere. Other columns, and those that ``categorical`` names,
    hold categories: the code is -1, the unknown category, where a cell is empty or the training
    rows do not hold its value. Columns without any value are left out. The label of an empty target
    is masked. A cell is empty if it holds nothing, or one of ``missing``.

    Three things are refused because they are usually mistakes: text, ``inf`` or ``1e400`` in a
    column where nine tenths or more are numbers; a column without a name, which is usually an
    index; and a column of text with more categories than half of the training rows, which is
    usually a key. ``drop`` leaves such a column out. ``categorical`` keeps the first and the last
    as categories.

    Rows are split at random. Means, scales and categories of inputs come from the training rows;
    the classes of a target come from the whole table.

    Args:
      path: The file.
      targets: The columns to predict, in the order of every T axis.
      drop: The columns to leave out, such as keys.
      categorical: The columns whose numbers are names, or whose text has many categories.
      missing: The texts that stand for an empty cell.
      delimiter: The character between fields.
      validation: The share of rows for choosing models.
      test: The share of rows for the final test.
      seed: The seed of the split.
      verbose: Whether to print what each column is taken for.

    Raises:
      FileNotFoundError: The file does not exist.
      ValueError: The table is empty or a row has another number of fields (the error names the
        line); a column is unknown or named twice; a target has fewer than two values in the
        training rows, or too many classes; numbers overflow; there is no input, or no row for a
        split; or one of the mistakes above.

    >>> csv('houses.csv', ['price', 'sold'])
    Traceback (most recent call last):
    FileNotFoundError: houses.csv is missing. Expected:
    ...
    """
    check_count('seed', seed, 0)
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise ValueError(f'delimiter should be one character. Found delimiter = {delimiter!r}.')
    missing, table = as_names(missing), read_table(path, delimiter)
    predicted, dropped, names = (
        check_names(option, columns, table)
        for option, columns in (('targets', targets), ('drop', drop), ('categorical', categorical))
    )
    _check(predicted, dropped, table)
    train, *held_out = random_rows(len(table[predicted[0]]), validation, test, seed)
    targeted = [fit_target(name, table[name], train, missing, name in names) for name in predicted]
    others = [name for name in table if name not in {*predicted, *dropped}]
    inputs = [fit_input(name, table[name], train, missing, name in names) for name in others]
    if all(column.kind == 'empty' for column in inputs):
        raise ValueError(
            'An input should remain. Found no column with a value besides those that targets and '
            'drop name.'
        )
    if verbose:
        print(report([*targeted, *inputs]))
    whole = array_split(encode_inputs(inputs, table), *encode_targets(targeted, table))
    splits = (ArraySplit(whole.take(rows)) for rows in (train, *held_out))
    tasks = {column.name: task_of(column) for column in targeted}
    return Dataset(tasks, *splits, inputs=backbone_options(inputs))


def _check(targets: Sequence[str], dropped: Sequence[str], table: Mapping[str, Any]) -> None:
    if not targets:
        raise ValueError(
            'targets should name the columns to predict, as in '
            f'--config.data.targets="({list(table)[-1]!r},)". Found none. The columns are '
            f'{list(table)}.'
        )
    both = [name for name in targets if name in dropped]
    if both:
        raise ValueError(f'targets and drop should name different columns. Found {both} in both.')
