"""The configs of a sweep: one for each value of a field."""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from experiments.compare.methods import BASELINE
from experiments.program import UsageError


class Sweep(NamedTuple):
    """The field to change, its values, and the quantities to report.

    Attributes:
      field: The field of the config, such as ``'data.correlation'``.
      values: The values of the field.
      quantities: The quantities in the tables. Each is ``'TASK METRIC'``, or ``'METRIC'`` for the
        mean over tasks.
      reference: The method that the others are compared with.
      average: Whether the tables show the mean over the values.
    """

    field: str
    values: Sequence[Any]
    quantities: Sequence[str]
    reference: str = BASELINE
    average: bool = False


def read_sweep(config: ConfigDict) -> Sweep:
    """Read ``config.sweep``.

    Raises:
      UsageError: The config has no sweep, or its fields are not the fields of `Sweep`.
    """
    spec = config.get('sweep') or ConfigDict()
    try:
        sweep = Sweep(**spec.to_dict())
    except TypeError as error:
        raise UsageError(
            f'config.sweep should have the fields {list(Sweep._fields)}. Found an error: {error}.'
        ) from error
    if not sweep.values or not sweep.quantities:
        raise UsageError(
            'config.sweep needs values and quantities. '
            f'Found {sweep.values!r} and {sweep.quantities!r}.'
        )
    return sweep


def points(config: ConfigDict, sweep: Sweep) -> dict[str, ConfigDict]:
    """Return the config for each value, ``{'NAME VALUE': config}``.

    Raises:
      UsageError: The config has no such field.
    """
    configs = {}
    for value in sweep.values:
        changed = copy.deepcopy(config)  # fields that refer to this one follow it
        *path, last = sweep.field.split('.')
        inner = changed
        for name in path:
            inner = inner.get(name) if isinstance(inner, ConfigDict) else None
        if not isinstance(inner, ConfigDict) or last not in inner:
            raise UsageError(
                f'config.sweep.field should be a field of the config. Found {sweep.field!r}, which '
                'is not in the config.'
            )
        with inner.unlocked(), inner.ignore_type():
            inner[last] = value
        configs[f'{last} {value}'] = changed
    return configs
