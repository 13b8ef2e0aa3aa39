"""Modules that were renamed, and options that were added. An older config keeps its meaning.

A config that names a former module, or that lacks a newer option, also keeps its hash.
"""

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


# Options that configs of earlier versions do not hold, with what these versions did.
_ADDED: dict[str, dict[str, Any]] = {
    'mtljax.data:csv': {
        'stratify': False,
        'weight': '',
        'columns': (),
        'numeric': (),
        'hashed': (),
        'dates': (),
        'log': (),
        'quantile': (),
        'most_categories': 10_000,
        'decimal': '.',
        'thousands': '',
        'encoding': 'utf-8',
        'time': '',
        'group': '',
        'stream': None,
        'window': 1 << 19,
    }
}


def with_former_defaults(config: Any) -> Any:
    """Write into a config what earlier versions did for the options that it lacks.

    A config without a newer option always means what it meant before. The files in ``configs/`` set
    the newer options.

    Args:
      config: Nested mappings and sequences.

    >>> filled = with_former_defaults({'fn': 'mtljax.data:csv', 'seed': 1, 'weight': 'count'})
    >>> filled['stratify'], filled['weight']
    (False, 'count')
    """
    if isinstance(config, Mapping):
        filled = {key: with_former_defaults(value) for key, value in config.items()}
        return {**_added(config), **filled}
    if isinstance(config, list | tuple):
        return type(config)(with_former_defaults(value) for value in config)
    return config


def _added(config: Mapping[str, Any]) -> dict[str, Any]:
    name = config.get('fn')
    return _ADDED.get(name, {}) if isinstance(name, str) else {}


def current_names(config: Any) -> Any:
    """Replace the former names of modules in a config by their current names.

    Args:
      config: Nested mappings and sequences.

    >>> current_names({'problem': {'fn': 'experiments._toy_problems:valley', 'scale': 1.0}})
    {'problem': {'fn': 'experiments.toy.problems:valley', 'scale': 1.0}}
    """
    return _replaced(config, _RENAMED)


def former_names(config: Any) -> Any:
    """Return a config as an earlier version would have written it.

    Renamed modules get their former names, and newer options are left out if they say what earlier
    versions did. Configs are hashed in this form, so that a hash does not change.

    Args:
      config: Nested mappings and sequences.

    >>> former_names({'fn': 'experiments.toy.problems:valley'})
    {'fn': 'experiments._toy_problems:valley'}
    """
    return _replaced(_without_former_defaults(config), _FORMER)


def _without_former_defaults(config: Any) -> Any:
    if isinstance(config, list | tuple):
        return type(config)(_without_former_defaults(value) for value in config)
    if not isinstance(config, Mapping):
        return config
    added = _added(config)
    return {
        key: _without_former_defaults(value)
        for key, value in config.items()
        if key not in added or not _are_same(value, added[key])
    }


def _are_same(one: Any, other: Any) -> bool:
    """Return whether two options are equal; JSON turns a tuple into a list."""
    listed = isinstance(one, list | tuple) and isinstance(other, list | tuple)
    return list(one) == list(other) if listed else one == other


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
