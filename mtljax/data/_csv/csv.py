"""A user's table."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mtljax.base import Dataset
from mtljax.data._csv.table import Described, empty_share, numbers_or_text, read_table, report
from mtljax.data._csv.targets import target
from mtljax.data._reading.columns import categories, encode, standardise
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
    """Several targets of one table, whose cells may be empty.

    On disk: text in UTF-8 with ``delimiter`` between fields, gzipped or not; the first line names
    the columns. One task per target, of what its cells are:

    - two values: one logit, the binary cross-entropy, ``auc`` and ``binary_accuracy``; the larger
      number, or the later text, is 1;
    - text, or numbers named in ``categorical``, of up to 100 values: classes, the cross-entropy,
      ``accuracy``;
    - other numbers: regression, the squared error of standardised values, ``mae`` and ``rmse`` in
      the units of the column.

    All other columns are inputs, ``{'categorical': int32 [B, C], 'numeric': float32 [B, N]}``, of
    which a kind without columns is left out. A column whose cells are all finite numbers or empty
    is numeric: standardised, and 0, the mean, where a cell is empty, or everywhere if the training
    rows hold one value. Others, and those named in ``categorical``, are categories: -1, the unknown
    one, where a cell is empty or the training rows do not hold its value. Columns without any value
    are left out. An empty target is masked. A cell is empty if it holds nothing, or one of
    ``missing``.

    Refused, as they are mistakes more often than not: text in a column that is numbers to nine
    tenths or more, ``inf`` and ``1e400`` too; a column without a name, which is that of an index;
    and text with more categories than half of the training rows, which is a key. ``drop`` leaves
    such a column out; ``categorical`` takes the first and the last for what they are.

    Rows are split at random. Means, scales and categories of inputs are those of the training rows;
    the classes of a target are those of the whole table.

    Args:
      path: of the file.
      targets: the columns to predict; their order is that of every T axis.
      drop: columns to leave out, such as keys.
      categorical: columns whose numbers are names; text with many categories.
      missing: what stands for an empty cell.
      delimiter: between fields, one character.
      validation: the share of rows held out to choose models.
      test: the share of rows held out to the end.
      seed: of the split.
      verbose: print what every column is taken for.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: a table that is empty or ragged (it names the line), an unknown column, one named
        twice, a target without two values in the training rows or with too many classes, numbers
        that overflow, no input, no row for a split, or see above.

    >>> csv('houses.csv', ['price', 'sold'])
    Traceback (most recent call last):
    FileNotFoundError: houses.csv is missing. Expected:
    ...
    """
    check_count('seed', seed, 0)
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise ValueError(f'delimiter should be one character. Found delimiter = {delimiter!r}.')
    table = read_table(path, delimiter, as_names(missing))
    wanted, dropped, names = (
        check_names(option, given, table)
        for option, given in (('targets', targets), ('drop', drop), ('categorical', categorical))
    )
    _check(wanted, dropped, table)
    rows = random_rows(len(table[wanted[0]]), validation, test, seed)
    made = {name: target(name, table[name], name in names, rows[0]) for name in wanted}
    others = {name: cells for name, cells in table.items() if name not in {*wanted, *dropped}}
    inputs, about, described = _inputs(others, names, rows[0])
    if verbose:
        print(report([*(one.described for one in made.values()), *described]))
    whole = array_split(
        inputs,
        {name: one.values for name, one in made.items()},
        {name: one.mask for name, one in made.items()},
    )
    splits = (ArraySplit(whole.take(part)) for part in rows)
    return Dataset({name: one.task for name, one in made.items()}, *splits, inputs=about)


def _check(targets: Sequence[str], dropped: Sequence[str], table: Mapping[str, Any]) -> None:
    if not targets:
        raise ValueError(
            'targets is empty: name what to predict, as in '
            f'--config.data.targets="({list(table)[-1]!r},)". The columns are {list(table)}.'
        )
    both = [name for name in targets if name in dropped]
    if both:
        raise ValueError(f'targets and drop both name {both}.')


def _inputs(
    table: Mapping[str, Sequence[str]], categorical: Sequence[str], train: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, Any], list[Described]]:
    """The inputs, what a backbone must know of them, and the lines of the report."""
    kinds, numeric, counts, described = [], [], [], []
    for name, cells in table.items():
        if not name and any(cells):
            raise ValueError("A column has no name: was an index written with it? drop=['']")
        values = None if name in categorical else numbers_or_text(name, cells)
        if not any(cells):
            kind, detail = 'empty', 'left out'
        elif values is not None:
            kind, detail = 'numeric', f'{np.nanmin(values):g} to {np.nanmax(values):g}'
            numeric.append(np.nan_to_num(standardise(values, train, [name])[0]))
        else:
            known = categories(cells[row] for row in train if cells[row])
            _check_categories(name, known, train, name in categorical)
            kind, detail = 'categorical', f'{len(known)} categories'
            kinds.append(encode(cells, known))
            counts.append(max(len(known), 1))
        described.append(Described(name, 'input', kind, detail, empty_share(cells)))
    if not kinds and not numeric:
        raise ValueError(
            'No column is left for the inputs: targets and drop name all that hold a value.'
        )
    columns = {'categorical': kinds, 'numeric': numeric}
    inputs = {kind: np.stack(found, axis=1) for kind, found in columns.items() if found}
    return inputs, {'cardinalities': tuple(counts), 'numeric': len(numeric)}, described


def _check_categories(name, known, train, meant) -> None:
    if not meant and len(known) > len(train) / 2:
        raise ValueError(
            f'Column {name!r} has {len(known)} different texts in {len(train)} training rows, as '
            f'keys have: drop=[{name!r}], or categorical=[{name!r}] if they are categories.'
        )
