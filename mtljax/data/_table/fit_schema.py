"""Learning the columns of a table from its cells."""

import logging

import numpy as np

from mtljax._shown import shown
from mtljax.data._table.column import Column
from mtljax.data._table.fit import fit_input
from mtljax.data._table.fit_target import fit_target
from mtljax.data._table.options import Options
from mtljax.data._table.roles import Roles
from mtljax.data._table.schema import Schema
from mtljax.data._table.source import Source, parts_of
from mtljax.data._table.summary import Summary

_log = logging.getLogger(__name__)


def fit_schema(source: Source, roles: Roles, options: Options, train: np.ndarray) -> Schema:
    """Read the table once, part by part, and fit each column.

    Args:
      source: The table, of N rows.
      roles: What each column is for.
      options: How columns are read.
      train: Which rows are for training, booleans ``[N]``.

    Raises:
      ValueError: A column does not fit; see `table`.
    """
    names = (*roles.targets, *roles.inputs)
    summaries = {name: Summary(name, options, target=name in roles.targets) for name in names}
    for start, part in parts_of(source, names):
        for name, summary in summaries.items():
            cells = part[name].without(options.missing)
            summary.add(cells, train[start : start + len(cells)], start + source.first)
    targets = [fit_target(summaries[name], options) for name in roles.targets]
    fitted = {name: fit_input(summaries[name], options) for name in roles.inputs}
    inputs = [column for column in fitted.values() if isinstance(column, Column)]
    reasons = {name: reason for name, reason in fitted.items() if isinstance(reason, str)}
    for name, reason in reasons.items():
        _log.warning('Column %s is left out: %s.', shown(name), reason)
    if all(column.content is None for column in inputs):
        raise ValueError(
            'The table should have an input: a column with a value that is neither in targets nor '
            f'in drop. Found none. Left out: {shown(roles.left_out | reasons)}.'
        )
    empty = {column.name: 'it has no value' for column in inputs if column.content is None}
    return Schema(tuple(targets), tuple(inputs), empty | reasons | roles.left_out)
