"""A table in a CSV file."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mtljax._shown import shown
from mtljax.base import Dataset
from mtljax.data._csv.arrays import (
    codes_of_cells,
    encode_inputs,
    encode_targets,
)
from mtljax.data._csv.column import Column
from mtljax.data._csv.fit import fit_input, fit_target
from mtljax.data._csv.report import report
from mtljax.data._csv.schema import Schema
from mtljax.data._csv.table import read_table
from mtljax.data._csv.weights import encode_weights, weight_columns
from mtljax.data._reading.names import as_names, check_names
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.data._splits.random_rows import check_shares, random_rows
from mtljax.data._splits.stratified import stratified_rows
from mtljax.options import check_flag, check_seed

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
    stratify: bool = True,
    weight: str | Mapping[str, str] = '',
    verbose: bool = False,
) -> Dataset:
    """Read a table from a CSV file. Every target column becomes one task.

    The file is UTF-8 text with ``delimiter`` between fields, and it may be gzipped. Its first line
    names the columns. A cell is empty if it holds nothing, or one of the texts in ``missing``.

    The values of a target column decide its task:

    - Two different values: binary classification, with one logit, the binary cross-entropy, and the
      metrics ``auc`` and ``binary_accuracy``. Class 1 is the larger number, or the text that sorts
      last.
    - Text with up to 100 different values: classification, with the cross-entropy and the metric
      ``accuracy``. Numbers in a column that ``categorical`` names count as text.
    - Other numbers: regression, with the squared error of standardised values. The metrics ``mae``
      and ``rmse`` are in the unit of the column.

    An empty cell of a target is a missing label, which is masked.

    All other columns are inputs, ``{'categorical': int32 [B, C], 'numeric': float32 [B, N]}``, for
    C categorical and N numeric columns. An entry without columns is left out. The cells of a column
    decide its kind:

    - A column is numeric if each of its cells is a finite number or empty. It is standardised with
      the mean and the standard deviation of the training rows. An empty cell becomes 0, which is
      the mean. If the training rows hold only one value, the column is 0 everywhere.
    - Every other column is categorical. A column that ``categorical`` names is also categorical.
      Its values are numbered. The number is -1 for an empty cell, and for a value that the training
      rows do not contain.
    - A column without any value is left out.

    Three kinds of columns raise an error, because they are usually mistakes:

    - a column in which at least nine tenths of the cells are numbers, but other cells hold text,
      ``inf`` or ``1e400``;
    - a column without a name, which is usually an index;
    - a column of text with more categories than half the number of training rows, which is usually
      a key.

    To leave out such a column, name it in ``drop``. To use a column of the first or the last kind
    as a categorical column, name it in ``categorical``.

    Rows are split at random, so that each split has its share of every class. The classes of a
    target come from the whole table.

    Args:
      path: The file.
      targets: The columns to predict, in the order of the tasks.
      drop: The columns to leave out, such as keys.
      categorical: The columns to treat as categorical, because their numbers stand for categories,
        or because their text has many categories.
      missing: The texts that stand for an empty cell. The default contains ``'NA'``, ``'nan'`` and
        ``'?'``, among others.
      delimiter: The character between fields.
      validation: The share of rows for the validation split.
      test: The share of rows for the test split.
      seed: The random seed of the split.
      stratify: Whether rare labels are spread over the splits; see `data.arrays`.
      weight: The column that says how much each row counts in losses and metrics, or
        ``{target: column}`` for some targets. The weights are numbers >= 0. These columns are no
        inputs.
      verbose: Whether to print the kind of every column.

    Raises:
      FileNotFoundError: The file does not exist.
      ValueError: The table is empty, or a row has the wrong number of fields. In the second case,
        the error names the line. A ValueError is also raised if a column is unknown or is named
        twice, if a target has fewer than two values in the training rows or more than 100 classes,
        if a number is too large, if no column is left as an input, or if a split would be empty.
        The three kinds of columns in the list above also raise a ValueError.

    >>> csv('houses.csv', ['price', 'sold'])
    Traceback (most recent call last):
    FileNotFoundError: houses.csv is missing. Expected:
    ...
    """
    check_seed('seed', seed)
    check_shares(validation, test)
    check_flag('stratify', stratify)
    missing, table = as_names(missing), read_table(path, delimiter)
    predicted, dropped, names = (
        check_names(option, columns, table)
        for option, columns in (('targets', targets), ('drop', drop), ('categorical', categorical))
    )
    _check(predicted, dropped, table)
    weights = weight_columns(weight, predicted, table)
    if stratify:
        codes = _codes(table, predicted, weights, missing)
        train, *held_out = stratified_rows(codes, validation, test, seed)
    else:
        train, *held_out = random_rows(len(table[predicted[0]]), validation, test, seed)
    targeted = [fit_target(name, table[name], train, missing, name in names) for name in predicted]
    left_out = {*predicted, *dropped, *weights.values()}
    others = [name for name in table if name not in left_out]
    inputs = [fit_input(name, table[name], train, missing, name in names) for name in others]
    _check_inputs(inputs)
    if verbose:
        print(report([*targeted, *inputs]))
    values, masks = encode_targets(targeted, table)
    weighed = encode_weights(weights, table, missing, masks)
    whole = array_split(encode_inputs(inputs, table), values, masks, weight=weighed)
    splits = (ArraySplit(whole.take(rows)) for rows in (train, *held_out))
    schema = Schema(tuple(targeted), tuple(inputs), _left_out(inputs, dropped, weights.values()))
    fitted = {column.name: column.to_json() for column in (*targeted, *inputs)}
    return Dataset(
        schema.tasks, *splits, inputs=schema.options, fitted=fitted, schema=schema.to_json()
    )


def _check_inputs(inputs: Sequence[Column]) -> None:
    if all(column.kind == 'empty' for column in inputs):
        raise ValueError(
            'The table should have an input: a column with a value that is neither in targets nor '
            'in drop. Found none.'
        )


def _left_out(inputs, dropped, weights) -> dict[str, str]:
    empty = {column.name: 'it has no value' for column in inputs if column.kind == 'empty'}
    chosen = dict.fromkeys(dropped, 'the option drop names it')
    return empty | chosen | dict.fromkeys(weights, 'it holds weights')


def _codes(table, targets, weights, missing):
    return [
        codes_of_cells(table[name], missing, table.get(weights.get(name, ''), ()))
        for name in targets
    ]


def _check(targets: Sequence[str], dropped: Sequence[str], table: Mapping[str, Any]) -> None:
    if not targets:
        raise ValueError(
            'targets should name the columns to predict, as in '
            f'--config.data.targets="({shown(list(table)[-1])},)". Found none. The columns are '
            f'{shown(list(table))}.'
        )
    both = [name for name in targets if name in set(dropped)]
    if both:
        raise ValueError(f'targets and drop should name different columns. Found {both} in both.')
