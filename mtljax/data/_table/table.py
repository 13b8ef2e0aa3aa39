"""A table of a user: some of its columns are predicted from the others."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mtljax.base import Dataset
from mtljax.data._reading.names import as_names
from mtljax.data._splits.batched import Batched
from mtljax.data._splits.block_split import WINDOW
from mtljax.data._table.fit_schema import fit_schema
from mtljax.data._table.number_form import NumberForm
from mtljax.data._table.open_table import open_table
from mtljax.data._table.options import Options
from mtljax.data._table.report import report
from mtljax.data._table.roles import roles_of
from mtljax.data._table.schema import Schema
from mtljax.data._table.split_of import split_of
from mtljax.data._table.split_rule import SplitRule
from mtljax.data._table.splits import splits_of, streams
from mtljax.options import check_count

_MISSING = ('', 'NA', 'N/A', 'n/a', 'nan', 'NaN', 'NULL', 'null', 'None', '?')


def table(
    path: Any,
    targets: Iterable[str],
    *,
    columns: Iterable[str] = (),
    drop: Iterable[str] = (),
    numeric: Iterable[str] = (),
    categorical: Iterable[str] = (),
    hashed: Iterable[str] = (),
    dates: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    log: Iterable[str] = (),
    quantile: Iterable[str] = (),
    most_categories: int = 10_000,
    missing: Iterable[str] = _MISSING,
    decimal: str = '.',
    thousands: str = '',
    delimiter: str = ',',
    encoding: str = 'utf-8',
    validation: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
    stratify: bool = True,
    time: str = '',
    group: str = '',
    weight: str | Mapping[str, str] = '',
    stream: bool | None = None,
    window: int = WINDOW,
    verbose: bool = False,
) -> Dataset:
    """Read a table. Every target column becomes one task.

    A table is a file: CSV with a header, gzipped or not; Parquet (``.parquet``); or Arrow
    (``.arrow``, ``.feather``). Or it is in memory: a frame of pandas, polars or Arrow, or a mapping
    ``{column: cells}``. Parquet, Arrow and frames need the extra ``tables``. A cell is empty if it
    holds nothing, or one of the texts in ``missing``.

    The values of a target column decide its task:

    - Two different values: binary classification, with one logit, the binary cross-entropy, and the
      metrics ``auc`` and ``binary_accuracy``. Class 1 is the larger number, or the text that sorts
      last.
    - Text with up to 100 different values: classification, with the cross-entropy and the metric
      ``accuracy``. Numbers in a column that ``categorical`` names count as text.
    - Other numbers: regression, with the squared error of standardised values. The metrics ``mae``
      and ``rmse`` are in the unit of the column. If ``log`` or ``quantile`` names the target, its
      logarithm or its normal quantile is learnt; answers and metrics are still in its unit.

    An empty cell of a target is a missing label, which is masked.

    All other columns are inputs, ``{'categorical': int32 [B, C], 'numeric': float32 [B, N]}``, for
    C columns of codes and N numbers. An entry without columns is left out. The cells of a column
    decide its kind:

    - A column is numeric if each of its cells is a finite number or empty. It is standardised with
      the mean and the standard deviation of the training rows. An empty cell becomes 0, which is
      the mean. If the training rows hold only one value, the column is 0 everywhere. In a text,
      ``%`` and the sign of a currency may stand beside a number; 5 % is 5.
    - A column of dates, with or without times, becomes numbers: the days since 1970, standardised;
      waves of the year; the weekday; and waves of the day if there are times. All are 0 for an
      empty cell. Texts should follow ISO 8601, unless ``dates`` names another form.
    - Every other column is categorical. A column that ``categorical`` names is also categorical.
      Its values are numbered. The number is -1 for an empty cell, and for a value that the training
      rows do not contain.
    - If the training rows hold more than ``most_categories`` different texts, the column is hashed:
      the number of a text is its CRC-32 modulo ``most_categories``. A column that ``hashed`` names
      is also hashed.
    - A column without any value is left out. So is a column of text with more different texts than
      half the number of training rows, which is usually a key. The log says so. To use it, name it
      in ``categorical`` or ``hashed``.

    Some columns raise an error, because they are usually mistakes:

    - a column in which at least nine tenths of the cells are numbers, but other cells hold text,
      ``inf`` or ``1e400``; the same for dates;
    - a column of numbers or dates in another form, such as ``1.234,5`` or ``31.12.2024``. The error
      says which option reads them;
    - a column without a name, which is usually an index.

    Rows are split at random, so that each split has its share of every class. The classes of a
    target come from the whole table.

    A file of Parquet or Arrow that would need more than 1 GiB of memory is streamed. It is read
    once to fit its columns, then in row groups: see `data.BlockSplit` for the order of its rows.
    Streamed rows are split at random without regard to their labels.

    Args:
      path: The table.
      targets: The columns to predict, in the order of the tasks.
      columns: The columns to use as inputs. By default, all that are not named otherwise.
      drop: The columns to leave out, such as keys.
      numeric: The columns that must hold numbers. A target among them is a regression.
      categorical: The columns to treat as categorical, because their numbers stand for categories,
        or because their text has many categories.
      hashed: The columns to hash, such as the names of users.
      dates: The form of the dates of some columns, ``{column: form}`` or pairs, as for
        ``datetime.strptime``.
      log: The targets whose natural logarithm is learnt. Their numbers are above 0.
      quantile: The targets whose ranks are learnt, as quantiles of a normal distribution.
      most_categories: The most categories of a column, and the number of buckets of a hashed one.
      missing: The texts that stand for an empty cell. The default contains ``'NA'``, ``'nan'`` and
        ``'?'``, among others.
      decimal: The character before the fraction of a number in a text.
      thousands: The character between groups of three digits in a text; ``''`` if there is none.
      delimiter: The character between fields of a file of text.
      encoding: The encoding of a file of text, such as ``'latin-1'`` or ``'utf-16'``.
      validation: The share of rows for the validation split.
      test: The share of rows for the test split.
      seed: The random seed of the split.
      stratify: Whether rare labels are spread over the splits; see `data.arrays`.
      time: A column of dates or numbers. Its first rows are for training, its last ones for the
        test. It stays an input unless ``drop`` names it.
      group: A column whose equal cells stay in one split, such as a user. It is no input.
      weight: The column that says how much each row counts in losses and metrics, or
        ``{target: column}`` for some targets. The weights are numbers >= 0. These columns are no
        inputs.
      stream: Whether a file is streamed. By default, a large one is.
      window: The number of rows that are shuffled together in a streamed file.
      verbose: Whether to print the kind of every column.

    Raises:
      FileNotFoundError: The file does not exist.
      ImportError: The table needs the extra ``tables``, which is not installed.
      ValueError: The table is empty, or a row has the wrong number of fields. In the second case,
        the error names the line. A ValueError is also raised if a column is unknown or is named
        twice, if a target has fewer than two values in the training rows or more than 100 classes,
        if a number is too large, if no column is left as an input, or if a split would be empty.
        The kinds of columns in the list above also raise a ValueError.

    >>> table('houses.csv', ['price', 'sold'])
    Traceback (most recent call last):
    FileNotFoundError: houses.csv is missing. Expected:
    ...
    >>> dataset = table({'rooms': range(50), 'price': range(50)}, 'price')
    >>> dataset.train.size, dataset.inputs
    (35, {'cardinalities': (), 'numeric': 1})
    """
    rule = SplitRule(validation, test, seed, stratify, time, group)
    check_count('window', window, 1)
    form = NumberForm(decimal, thousands)
    options = Options(as_names(missing), form, most_categories=most_categories)
    source = open_table(path, delimiter, encoding)
    roles = roles_of(source.names, targets, columns, drop, rule, weight)
    options = options.naming(
        source.names,
        roles.targets,
        categorical=categorical,
        hashed=hashed,
        numeric=numeric,
        dates=dates,
        log=log,
        quantile=quantile,
    )
    streamed = streams(source, stream)
    split = split_of(source, roles, options, rule, streamed=streamed)
    schema = fit_schema(source, roles, options, split == 0)
    splits = splits_of(source, schema, roles, options, split, window if streamed else None)
    return _dataset(schema, splits, verbose=verbose)


def _dataset(schema: Schema, splits: Sequence[Batched], *, verbose: bool) -> Dataset:
    if verbose:
        print(report([*schema.targets, *schema.inputs], schema.left_out))
    fitted = {column.name: column.to_json() for column in (*schema.targets, *schema.inputs)}
    return Dataset(
        schema.tasks, *splits, inputs=schema.options, fitted=fitted, schema=schema.to_json()
    )
