"""The config of the source, and the config of the new run."""

import ast
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from experiments import build
from experiments.program import UsageError, use_method


def read_config(workdir: Path, trust: Sequence[str] = ()) -> ConfigDict:
    """Read the config of a run, which may come from a stranger.

    Args:
      workdir: The folder of the run.
      trust: Packages whose functions the config may name.

    Raises:
      UsageError: The folder holds no config, the config lacks a field, or it names a function that
        is not safe to call.
    """
    try:
        fields = json.loads((workdir / 'config.json').read_bytes())
        config = ConfigDict(fields if isinstance(fields, Mapping) else {})
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f'--from should be the work folder of a run of experiments.train. Found {workdir}: '
            f'{error}. Choose another folder.'
        ) from error
    build.check_names(config, trust)
    build.check_fields(config)
    return config


def scheme_of(config: ConfigDict) -> str:
    """Return the sharing scheme of a config: ``'hard'`` for ``'mtljax.sharing:hard'``."""
    return str(config.sharing.fn).rsplit(':', 1)[-1]


def with_scheme(source: ConfigDict, scheme: str, options: Sequence[str]) -> ConfigDict:
    """Copy a config and change its sharing scheme.

    Options of the scheme come from ``config.methods`` first, then from the user.

    Args:
      source: The config of the run.
      scheme: The new scheme.
      options: Changes ``'field.of.the.config=value'``. Below ``sharing`` the field may be new.

    Raises:
      UsageError: The config has no such field, or the value has another type.

    >>> old = ConfigDict({'sharing': {'fn': 'mtljax.sharing:hard'}, 'train': {'steps': 100}})
    >>> new = with_scheme(old, 'mmoe', ['sharing.num_experts=4', 'train.steps=500'])
    >>> new.sharing.to_dict(), new.train.steps
    ({'fn': 'mtljax.sharing:mmoe', 'num_experts': 4}, 500)
    """
    config = source.copy_and_resolve_references()
    config.sharing = ConfigDict({'fn': f'mtljax.sharing:{scheme}'})
    use_method(config, scheme)
    for option in options:
        _set(config, option)
    return ConfigDict(json.loads(config.to_json()))  # the same types as after reading the file


def _set(config: ConfigDict, option: str) -> None:
    path, equals, text = option.partition('=')
    *parents, last = path.split('.')
    inner: Any = config
    for name in parents:
        inner = inner.get(name) if isinstance(inner, ConfigDict) else None
    may_be_new = parents == ['sharing']
    if path == 'sharing.fn':
        raise UsageError(f'--to names the scheme. Found --set={option}. Leave it out.')
    known = isinstance(inner, ConfigDict) and (last in inner or may_be_new)
    if not equals or not known:
        raise UsageError(
            f'--set should be FIELD=VALUE with a field of the config. Found --set={option}. '
            f'The config is in config.json of the source.'
        )
    try:
        inner[last] = _value(text)
    except TypeError as error:
        raise UsageError(f'--set={option}: {error}') from error


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
