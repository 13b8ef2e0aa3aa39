"""Splitting the rows of a table by a rule."""

import numpy as np

from mtljax.data._table.options import Options
from mtljax.data._table.roles import Roles
from mtljax.data._table.source import Source
from mtljax.data._table.split_rows import by_group, by_labels, by_random, by_time, codes_of_cells
from mtljax.data._table.split_rule import SplitRule


def split_of(
    source: Source, roles: Roles, options: Options, rule: SplitRule, *, streamed: bool
) -> np.ndarray:
    """Return the split of each row, uint8 ``[N]``: 0 for training, 1 for validation, 2 for test.

    Raises:
      ValueError: A split would be empty, or the column of times or groups has an empty cell.
    """
    shares = rule.validation, rule.test
    if rule.time:
        return by_time(source, rule.time, options, *shares)
    if rule.group:
        return by_group(source, rule.group, options, *shares, rule.seed)
    if rule.stratify and not streamed:
        return by_labels(_codes(source, roles, options), *shares, rule.seed)
    return by_random(sum(source.sizes), *shares, rule.seed)


def _codes(source: Source, roles: Roles, options: Options) -> list[np.ndarray]:
    names = [*roles.targets, *roles.weights.values()]
    parts = [source.read(part, names) for part in range(len(source.sizes))]
    return [
        np.concatenate(
            [
                codes_of_cells(part[name], options, part.get(roles.weights.get(name, '')))
                for part in parts
            ]
        )
        for name in roles.targets
    ]
