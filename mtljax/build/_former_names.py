"""Modules that were renamed. A config that names them keeps its meaning and its hash."""

from collections.abc import Mapping
from typing import Any

# Runs are found by a hash of their config, and a work folder belongs to one config. Both use the
# former names, so that folders of earlier versions still open.
_RENAMED = {
    'experiments._forecast_networks': 'experiments.forecast.networks',
    'experiments._toy_preferences': 'experiments.toy.preferences',
    'experiments._toy_problems': 'experiments.toy.problems',
    'experiments._toy_published': 'experiments.toy.published',
}
_FORMER = {new: old for old, new in _RENAMED.items()}


def current_names(config: Any) -> Any:
    """Replace the former names of modules in a config by their current names.

    Args:
      config: Nested mappings and sequences.

    >>> current_names({'problem': {'fn': 'experiments._toy_problems:valley', 'scale': 1.0}})
    {'problem': {'fn': 'experiments.toy.problems:valley', 'scale': 1.0}}
    """
    return _replaced(config, _RENAMED)


def former_names(config: Any) -> Any:
    """Replace the current names of renamed modules in a config by their former names.

    Configs are hashed in this form, so that a hash does not change when a module is renamed.

    Args:
      config: Nested mappings and sequences.

    >>> former_names({'fn': 'experiments.toy.problems:valley'})
    {'fn': 'experiments._toy_problems:valley'}
    """
    return _replaced(config, _FORMER)


def _replaced(config: Any, names: Mapping[str, str]) -> Any:
    if isinstance(config, Mapping):
        return {
            key: _renamed(value, names) if key == 'fn' else _replaced(value, names)
            for key, value in config.items()
        }
    if isinstance(config, list | tuple):
        return type(config)(_replaced(value, names) for value in config)
    return config


def _renamed(name: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(name, str):
        return name
    module, colon, function = name.partition(':')
    return names.get(module, module) + colon + function
