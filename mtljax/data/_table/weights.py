"""Columns that hold the weights of rows."""

from collections.abc import Mapping, Sequence

import numpy as np

from mtljax.data._reading.names import check_names
from mtljax.data._table.cell_error import CellError
from mtljax.data._table.options import Options
from mtljax.data._table.source import Part


def weight_columns(
    weight: str | Mapping[str, str], targets: Sequence[str], names: Sequence[str]
) -> dict[str, str]:
    """Return the column of weights of each target that has one.

    Args:
      weight: One column for all targets, ``{target: column}``, or ``''`` for no weights.
      targets: The columns to predict.
      names: The columns of the table.

    Raises:
      ValueError: A column is unknown, is predicted itself, or belongs to no target.

    >>> weight_columns('count', ['a', 'b'], ['a', 'b', 'count'])
    {'a': 'count', 'b': 'count'}
    """
    if not weight:
        return {}
    columns = dict(weight) if isinstance(weight, Mapping) else dict.fromkeys(targets, weight)
    if not all(isinstance(name, str) for name in columns.values()):
        raise ValueError(
            f'weight should be a column, or {{target: column}}. Found {weight!r:.200}.'
        )
    unknown = sorted(set(columns) - set(targets))
    if unknown:
        raise ValueError(f'weight should name targets among {list(targets)}. Found {unknown}.')
    different = list(dict.fromkeys(columns.values()))
    both = [name for name in check_names('weight', different, names) if name in targets]
    if both:
        raise ValueError(f'weight should name columns that are no targets. Found {both}.')
    return columns


def encode_weights(
    columns: Mapping[str, str],
    part: Part,
    options: Options,
    masks: Mapping[str, np.ndarray],
    first: int = 1,
) -> dict[str, np.ndarray]:
    """Read the weights of each target, ``{target: float64 [N]}``; 0 where it has no label.

    Raises:
      CellError: The weight of a label is no number >= 0.
    """
    read = {
        name: part[name].without(options.missing).numbers(options.form)[0]
        for name in columns.values()
    }
    weights = {target: np.where(masks[target], read[name], 0) for target, name in columns.items()}
    for target, name in columns.items():
        bad = ~(weights[target] >= 0)
        if bad.any():
            row = int(bad.argmax())
            raise CellError(
                name,
                row + first,
                f'the weight should be a number >= 0. Found {part[name].shown(row)}.',
            )
    return weights
