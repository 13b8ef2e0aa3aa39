"""AliExpress: was an item in a search clicked, and bought?"""

import os

import numpy as np
import optax

from mtljax import heads, metrics
from mtljax.base import Dataset, Task
from mtljax.data._aliexpress.files import CATEGORICAL, LABELS, NUMERICAL, find_logs, read_log
from mtljax.data._aliexpress.schema import HIDDEN, schema_of
from mtljax.data._reading.cells import categories, encode
from mtljax.data._reading.paths import as_path
from mtljax.data._reading.scaling import apply_scale, fit_scale
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.data._splits.random_rows import halves
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.transforms import Single
from mtljax.options import check_seed


def aliexpress(path: str | os.PathLike, *, seed: int = 0) -> Dataset:
    """The AliExpress search log of one country, with tasks ``'click'`` and ``'conversion'``.

    For each item in a search result, the tasks are to predict whether it was clicked, and whether
    it was bought (Li et al., Improving Multi-Scenario Learning to Rank in E-commerce by Exploiting
    Task Relationships in the Label Space, CIKM 2020, https://doi.org/10.1145/3340531.3412713).

    The folder holds two files, which may be gzipped. The columns may be in any order::

        train.csv, test.csv  (or aliexpress_train_sample.csv, aliexpress_test_sample.csv)
        search_id,categorical_1,...,categorical_16,numerical_1,...,numerical_63,click,conversion

    The training file is the training split. The test file is divided at random into two halves, for
    validation and test.

    Inputs are ``{'categorical': int32 [B, 16], 'numeric': float32 [B, 63]}``. Each category of the
    training rows has a number, and a category that these rows do not contain is -1. Numeric columns
    are standardised with the mean and the standard deviation of the training rows. The column
    ``search_id`` is not used. A run can answer for new tables with these columns. In such a table,
    an empty cell is an unknown category, or the mean of its column.

    Targets are 0 or 1, ``[B]``, with the metric ``auc``. Every item has both labels. In memory, a
    row takes about 330 bytes. While the file is read, a row takes twice as much memory.

    Args:
      path: The folder.
      seed: The random seed that divides the test file into two halves.

    Raises:
      FileNotFoundError: A file is missing.
      ValueError: A file does not have the expected content, or a row has a conversion without a
        click. In both cases, the error names the row. A ValueError is also raised if the folder
        holds files with both kinds of names.

    >>> aliexpress('nowhere')
    Traceback (most recent call last):
    FileNotFoundError: nowhere/train.csv is missing. Expected:
    ...
    """
    check_seed('seed', seed)
    files = find_logs(as_path(path))
    train, held = map(read_log, files)
    kinds, numbers = [], []
    for column in range(len(CATEGORICAL)):
        known = categories(train.categorical[:, column])
        kinds.append(list(known))
        for log in (train, held):
            log.categorical[:, column] = encode(log.categorical[:, column], known)
    for column, name in enumerate(NUMERICAL):  # one at a time: statistics are taken in float64
        numbers.append(_fit(name, train.numerical[:, column]))
        for log in (train, held):
            log.numerical[:, column] = apply_scale(
                log.numerical[:, column], numbers[-1].mean, numbers[-1].scale, [name]
            )
    splits = [_split(train), *halves(_split(held), files[1], seed)]
    task = Task(heads.mlp(HIDDEN), optax.sigmoid_binary_cross_entropy, {'auc': metrics.auc()})
    schema = schema_of(kinds, numbers)
    return Dataset(
        dict.fromkeys(LABELS, task), *splits, inputs=schema.options, schema=schema.to_json()
    )


def _fit(name: str, values: np.ndarray) -> Numbers:
    mean, scale = fit_scale(values.astype(np.float64), [name])
    extremes = float(values.min()), float(values.max())
    return Numbers(float(mean), float(scale), *extremes, transform=Single())


def _split(log) -> ArraySplit:
    return array_split(
        {'categorical': log.categorical, 'numeric': log.numerical},
        dict(zip(LABELS, log.labels.T, strict=True)),
    )
