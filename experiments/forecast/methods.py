"""The methods of a forecast, each with its candidate settings."""

import copy
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from experiments.forecast import prophet
from experiments.forecast.training import at_origins, forecasts
from experiments.forecast.windows import window
from experiments.program import UsageError
from mtljax.base import Dataset

Forecast = Callable[[Sequence[str], Sequence[int]], np.ndarray]
"""``(origins, seeds) -> forecasts [origins, seeds, H]``, in the units of the file."""
Methods = dict[str, dict[str, Forecast]]
"""``{method: {setting: Forecast}}``."""


def methods(config: ConfigDict, dataset: Callable[[ConfigDict], Dataset]) -> Methods:
    """Return the networks of ``config.methods``, the reference first, and Prophet if it takes part.

    Args:
      config: The common part of all configs. A method has ``fields``, which replace fields of the
        config, and ``choices``.
      dataset: A function ``(data spec) -> Dataset``.

    Raises:
      UsageError: A method sets a field that the config does not have.
    """
    task = config.forecast.task

    def network(setting: ConfigDict) -> Forecast:
        def forecast(origins: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
            return forecasts(setting, task, at_origins(setting, origins, dataset), seeds)

        return forecast

    def by_prophet(holidays: str | None) -> Forecast:
        def forecast(origins: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
            windows = [
                window(each, task, origin)
                for origin, each in zip(origins, at_origins(config, origins, dataset), strict=True)
            ]
            return prophet.forecasts(windows, holidays)[:, None]

        return forecast

    names = sorted(config.methods, key=lambda name: name != config.forecast.reference)
    every: Methods = {
        name: {label: network(setting) for label, setting in settings(config, name).items()}
        for name in names
    }
    if config.forecast.prophet and prophet.installed():
        every['prophet'] = {'its defaults': by_prophet(None)}
        every['prophet, holidays'] = {'its defaults, US holidays': by_prophet('US')}
    return every


def settings(config: ConfigDict, name: str) -> dict[str, ConfigDict]:
    """Return the config of a method for every combination of its choices, ``{label: config}``.

    Raises:
      UsageError: The method sets a field that the config does not have.
    """
    method = config.methods[name].to_dict()
    options = [_options(field, values) for field, values in method['choices'].items()]
    configs: dict[str, ConfigDict] = {}
    for chosen in itertools.product(*options):
        labels, changes = zip(*chosen, strict=True)
        changed = copy.deepcopy(config)  # references between fields stay
        for change in (method['fields'], *changes):
            unknown = sorted(set(change) - set(config))
            if unknown:
                raise UsageError(
                    f'config.methods[{name!r}] should set fields of the config. Found {unknown}, '
                    'which are not fields.'
                )
            changed.update(change)
        configs[', '.join(labels)] = changed
    return configs


def _options(field: str, values: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return the label of each value of a choice, and the fields that the value sets."""
    if isinstance(values, Mapping):
        return [(label, fields) for label, fields in values.items()]
    return [(f'{field} {str(value).rpartition(":")[2]}', {field: value}) for value in values]
