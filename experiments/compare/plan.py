"""What a comparison is asked for: by flags, or by its config where a flag is left out."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from absl import flags
from ml_collections import ConfigDict

from experiments.program import UsageError

_SEEDS = 3
_FIELDS = ('sharing', 'weighting', 'surgery', 'seeds', 'tune', 'rates', 'crossed')


class Plan(NamedTuple):
    """What to compare.

    Attributes:
      lists: names per field, ``{'sharing': ..., 'weighting': ..., 'surgery': ...}``; None for the
        config's own.
      seeds: of the runs.
      tune: whether each sharing scheme is also trained with several constant weights.
      rates: learning rates that every method chooses from.
      crossed: whether all combinations run; otherwise each name is one change of the config.
    """

    lists: Mapping[str, Sequence[str] | None]
    seeds: list[int]
    tune: bool
    rates: list[float]
    crossed: bool


def define() -> None:
    """Define the flags."""
    flags.DEFINE_list('sharing', None, 'Sharing schemes, separated by commas.')
    flags.DEFINE_list('weighting', None, 'Loss weightings, separated by commas.')
    flags.DEFINE_list('surgery', None, 'Surgeries, separated by commas.')
    flags.DEFINE_integer('seeds', None, f'Runs per method; {_SEEDS} by default.', lower_bound=1)
    flags.DEFINE_bool('tune', None, 'Add tuned constant weights for every sharing scheme.')
    flags.DEFINE_list('rates', None, 'Learning rates that every method chooses from.')
    flags.DEFINE_bool('crossed', None, 'All combinations of the lists, the default, or each alone.')


def read(config: ConfigDict) -> Plan:
    """The plan that flags and ``config.comparison`` describe; flags win.

    Raises:
      UsageError: a field that there is not, or rates that are none.
    """
    own = config.get('comparison') or {}
    unknown = sorted(set(own) - set(_FIELDS))
    if unknown:
        raise UsageError(f'config.comparison has the fields {list(_FIELDS)}. Found {unknown}.')

    def said(name: str, default: Any) -> Any:
        value = flags.FLAGS[name].value
        return own.get(name, default) if value is None else value

    names = ('sharing', 'weighting', 'surgery')
    lists = {name: list(found) if (found := said(name, None)) else None for name in names}
    seeds = [config.seed + index for index in range(said('seeds', _SEEDS))]
    rates = _rates(said('rates', ()))
    return Plan(lists, seeds, said('tune', False), rates, said('crossed', True))


def _rates(found: Sequence[Any]) -> list[float]:
    try:
        rates = list(dict.fromkeys(float(rate) for rate in found))
    except ValueError as error:
        raise UsageError(f'--rates should be numbers: {error}.') from error
    if not all(0 < rate < math.inf for rate in rates):
        raise UsageError(f'--rates should be finite and > 0. Found {rates}.')
    return rates
