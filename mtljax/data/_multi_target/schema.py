"""The columns of a file with several targets, so that new rows can be encoded."""

from collections.abc import Mapping

import numpy as np

from mtljax.data._multi_target.table import Table
from mtljax.data._table.column import Column
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.one_hot import OneHot
from mtljax.data._table.schema import Schema

_MISSING = ('', '?')


def schema_of(
    table: Table, statistics: tuple[np.ndarray, np.ndarray], tasks: Mapping[str, Numbers]
) -> Schema:
    """Return the schema.

    Args:
      table: The content of the file.
      statistics: The mean and the scale of each input ``[D]``, by the training rows.
      tasks: The statistics of the target of each task.
    """
    extremes = np.nan_to_num([np.fmin.reduce(table.x), np.fmax.reduce(table.x)])
    rows = np.stack([*statistics, *extremes], axis=1).tolist()
    inputs: list[Column] = []
    at = 0
    for name, values in table.names.items():
        content: Numbers | OneHot = Numbers(*rows[at]) if values is None else OneHot(tuple(values))
        at += content.width
        inputs.append(Column(name, False, _MISSING, 0.0, content))
    targets = [Column(name, True, _MISSING, 0.0, each) for name, each in tasks.items()]
    return Schema(tuple(targets), tuple(inputs), flat=True)
