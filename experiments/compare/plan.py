"""The plan of a comparison, from the flags or else from the config."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from absl import flags
from ml_collections import ConfigDict

from experiments.program import UsageError
from mtljax._near import did_you_mean

_SEEDS = 3
_FIELDS = ('sharing', 'weighting', 'surgery', 'seeds', 'tune', 'rates', 'crossed', 'latency')


class Plan(NamedTuple):
    """The methods and seeds to compare.

    Attributes:
      lists: The names per field, ``{'sharing': ..., 'weighting': ..., 'surgery': ...}``. None
        stands for the method of the config.
      seeds: The seeds of the runs.
      tune: Whether each sharing scheme is also trained with several constant weights.
      rates: The learning rates that every method chooses from.
      crossed: Whether all combinations run. If False, each name is one change of the config.
      latency: Whether the time of an answer is measured.
    """

    lists: Mapping[str, Sequence[str] | None]
    seeds: list[int]
    tune: bool
    rates: list[float]
    crossed: bool
    latency: bool = False


def define_flags() -> None:
    """Define the flags of a comparison."""
    flags.DEFINE_list('sharing', None, 'The sharing schemes, separated by commas.')
    flags.DEFINE_list('weighting', None, 'The loss weightings, separated by commas.')
    flags.DEFINE_list('surgery', None, 'The surgeries, separated by commas.')
    flags.DEFINE_integer(
        'seeds', None, f'The number of runs per method. The default is {_SEEDS}.', lower_bound=1
    )
    flags.DEFINE_bool('tune', None, 'Add tuned constant weights for every sharing scheme.')
    flags.DEFINE_list(
        'rates', None, 'The learning rates that every method chooses from, separated by commas.'
    )
    flags.DEFINE_bool(
        'crossed',
        None,
        'Run all combinations of the lists (the default), or change one name at a time.',
    )
    flags.DEFINE_bool(
        'latency', None, 'Measure the time of an answer: the best shared model, or one per task.'
    )


def read_plan(config: ConfigDict) -> Plan:
    """Read the plan from the flags and from ``config.comparison``. A flag has priority.

    Raises:
      UsageError: ``config.comparison`` has an unknown field, or a rate is not a positive number.
    """
    defaults = config.get('comparison') or {}
    unknown = sorted(set(defaults) - set(_FIELDS))
    if unknown:
        raise UsageError(
            f'config.comparison should have fields among {list(_FIELDS)}. Found {unknown}.'
            f'{did_you_mean(unknown, _FIELDS) or " Remove them."}'
        )

    def value_of(name: str, default: Any) -> Any:
        value = flags.FLAGS[name].value
        return defaults.get(name, default) if value is None else value

    fields = ('sharing', 'weighting', 'surgery')
    lists = {field: list(names) if (names := value_of(field, None)) else None for field in fields}
    seeds = [config.seed + index for index in range(value_of('seeds', _SEEDS))]
    rates = _rates(value_of('rates', ()))
    names = {'tune': False, 'crossed': True, 'latency': False}
    switches = {name: value_of(name, default) for name, default in names.items()}
    return Plan(lists, seeds, rates=rates, **switches)


def _rates(values: Sequence[Any]) -> list[float]:
    try:
        rates = list(dict.fromkeys(float(value) for value in values))
    except ValueError as error:
        raise UsageError(f'--rates should be numbers. Found an error: {error}.') from error
    if not all(0 < rate < math.inf for rate in rates):
        raise UsageError(f'--rates should be finite and > 0. Found {rates}.')
    return rates
