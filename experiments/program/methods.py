"""``config.methods``: what a config sets for each sharing scheme, weighting and surgery."""

import copy
from collections.abc import Collection, Mapping
from typing import Any

from ml_collections import ConfigDict, config_flags

from experiments.program.added import add_fields
from experiments.program.config_file import load_config

_FIELDS = ('sharing', 'weighting', 'surgery')


def config_of(flag: Any) -> ConfigDict:
    """Return the config of a flag, in which functions named on the command line are as in compare.

    If the command line names another function, such as ``--config.sharing.fn=mtljax.sharing:mmoe``,
    the keywords of the former function go, and the fields of ``config.methods.mmoe`` come. A field
    that the command line sets is kept.

    Args:
      flag: The flag ``--config``, from ``flags.FLAGS['config']``.

    Raises:
      UsageError: The command line sets an option that a function does not take.
    """
    given = config_flags.get_override_values(flag)
    new = getattr(flag, 'new_fields', {})
    every = {**given, **new}
    named = {field: every[f'{field}.fn'] for field in _FIELDS if f'{field}.fn' in every}
    if not named and not new:
        return flag.value
    config = copy.deepcopy(flag.value)
    before = load_config(flag.config_filename) if named else config
    for field, name in named.items():
        if name != (before.get(field) or {}).get('fn'):
            own = config.get(field) or {}
            kept = {key: value for key, value in own.items() if f'{field}.{key}' in given}
            with config.unlocked(), config.ignore_type():
                config[field] = ConfigDict({**kept, 'fn': name})
            use_method(config, short(name), set(every) - {f'{field}.fn' for field in named})
    add_fields(config, new)
    return config


def use_method(config: ConfigDict, method: str, kept: Collection[str] = ()) -> None:
    """Set the fields that ``config.methods`` has for a method.

    A field with ``fn`` replaces the field of the config; without ``fn``, it adds keywords.

    Args:
      config: The config, which is changed.
      method: The name of the method.
      kept: The paths of fields that stay as they are, such as ``'sharing.num_experts'``.
    """
    fields = (config.get('methods') or {}).get(method) or {}
    with config.unlocked():
        for name, value in fields.items():
            if isinstance(value, ConfigDict) and 'fn' in value:
                before = config.get(name) or {}
                own = {key: before[key] for key in before if f'{name}.{key}' in kept}
                config[name] = ConfigDict({**value, **own})
            else:
                config.update({name: _without(value, name, kept)})


def short(name: str) -> str:
    """Return the name of a function without its module.

    >>> short('mtljax.sharing:mmoe')
    'mmoe'
    """
    return name.rsplit(':', 1)[-1]


def _without(value: Any, path: str, kept: Collection[str]) -> Any:
    if not isinstance(value, Mapping | ConfigDict):
        return value
    return ConfigDict(
        {
            key: _without(item, f'{path}.{key}', kept)
            for key, item in value.items()
            if f'{path}.{key}' not in kept
        }
    )
