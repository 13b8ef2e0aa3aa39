"""Which functions the config of a run folder may name: the folder may come from a stranger."""

import importlib
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from mtljax._shown import shown
from mtljax.build._former_names import current_names

PACKAGES = (
    'backbones',
    'data',
    'heads',
    'losses',
    'metrics',
    'module',
    'penalties',
    'sharing',
    'surgery',
    'weighting',
)


def check_names(
    config: Mapping[str, Any], *, known: Collection[str] = (), trust: Collection[str] = ()
) -> None:
    """Check that a config names only functions that are safe to call.

    Call this function before you build anything from the config of a run folder that somebody else
    wrote. These functions are safe: the public functions of mtljax that build data, models, losses,
    metrics and methods, `training.select_by`, and the public functions of optax. No function is
    imported or called before its name is checked.

    Args:
      config: A config, as in the ``config.json`` of a run.
      known: Further names ``'package.module:function'`` that are safe.
      trust: Packages whose functions are all safe. The user has to name them.

    Raises:
      ValueError: The config names another function. The message says which one.

    >>> check_names({'optimizer': {'fn': 'optax:adam'}, 'seed': 0})
    >>> check_names({'data': {'fn': 'os:system', 'args': ['ls']}})
    Traceback (most recent call last):
    ValueError: config.data.fn should name a public function ... Found 'os:system'. ...
    """
    for path, name in _names_in(current_names(config), 'config'):
        if not (name in known or _is_trusted(name, trust) or _is_public(name)):
            package = str(name).partition(':')[0].partition('.')[0]
            raise ValueError(
                f'{path[:200]}.fn should name a public function of mtljax or optax. Found '
                f'{shown(name)}. '
                f'If you trust who wrote this config, trust the package {shown(package)}.'
            )


def _names_in(config: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Return the path and the value of every entry ``fn``, however deep."""
    if isinstance(config, Mapping):
        if 'fn' in config:
            yield path, config['fn']
        for key, value in config.items():
            yield from _names_in(value, f'{path}.{key}')
    elif isinstance(config, list | tuple):
        for index, value in enumerate(config):
            yield from _names_in(value, f'{path}[{index}]')


def _is_trusted(name: Any, trust: Collection[str]) -> bool:
    module = str(name).partition(':')[0]
    return any(module == package or module.startswith(f'{package}.') for package in trust)


def _is_public(name: Any) -> bool:
    module, colon, function = str(name).partition(':')
    if not isinstance(name, str) or not colon or not function.isidentifier():
        return False
    if name == 'mtljax.training:select_by':
        return True
    if module == 'optax':
        found = getattr(importlib.import_module('optax'), function, None)
        return not function.startswith('_') and _is_function(found)
    if module not in [f'mtljax.{package}' for package in PACKAGES]:
        return False
    found = importlib.import_module(module)
    value = getattr(found, function, None)
    own = not function.startswith('_') and getattr(value, '__module__', '') == module
    return (function in found.__all__ if hasattr(found, '__all__') else own) and _is_function(value)


def _is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, types.ModuleType)
