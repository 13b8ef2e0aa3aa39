"""The values of one field of a config."""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from experiments.compare.methods import BASELINE
from experiments.program import UsageError


class Sweep(NamedTuple):
    """What is repeated, and what is shown of it.

    Attributes:
      field: of the config, such as ``'data.correlation'``.
      values: of the field.
      quantities: ``'TASK METRIC'``, or ``'METRIC'`` for its mean over tasks.
      reference: the method that the others are compared with.
      average: whether the mean over the values is shown.
    """

    field: str
    values: Sequence[Any]
    quantities: Sequence[str]
    reference: str = BASELINE
    average: bool = False


def read(config: ConfigDict) -> Sweep:
    """What ``config.sweep`` says.

    Raises:
      UsageError: there is none, it has other fields, or its field is not in the config.
    """
    own = config.get('sweep') or ConfigDict()
    try:
        sweep = Sweep(**own.to_dict())
    except TypeError as error:
        raise UsageError(f'config.sweep should have {list(Sweep._fields)}: {error}.') from error
    if not sweep.values or not sweep.quantities:
        raise UsageError('config.sweep needs values and quantities.')
    return sweep


def points(config: ConfigDict, sweep: Sweep) -> dict[str, ConfigDict]:
    """The config at each value, by what the value is called.

    Raises:
      UsageError: the config has no such field.
    """
    found = {}
    for value in sweep.values:
        changed = copy.deepcopy(config)  # fields that refer to this one follow it
        *path, last = sweep.field.split('.')
        inner = changed
        for name in path:
            inner = inner.get(name) if isinstance(inner, ConfigDict) else None
        if not isinstance(inner, ConfigDict) or last not in inner:
            raise UsageError(f'config.sweep.field = {sweep.field!r} is not in the config.')
        with inner.unlocked(), inner.ignore_type():
            inner[last] = value
        found[f'{last} {value}'] = changed
    return found
