"""A config with the fields that the command line adds."""

import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from experiments.program.errors import UsageError
from experiments.program.values import value_for
from mtljax.build._keywords import check_keywords, keywords_of
from mtljax.training import Options

_OF_METHODS = ('sharing', 'weighting', 'surgery')
_PASSED = {'sharing': 2}  # positional arguments that the programs pass: backbone and heads


class _Function(NamedTuple):
    """A function that a config names, and how many positional arguments it gets."""

    call: Callable[..., Any]
    name: str
    passed: int


def add_fields(config: ConfigDict, new: Mapping[str, str]) -> None:
    """Set fields that a config lacks.

    Args:
      config: The config, which is changed.
      new: The texts of the fields, ``{path: text}``.

    Raises:
      UsageError: A function does not take an option, or training has no such option.
    """
    ordered = sorted(new, key=lambda path: (path.count('.'), not path.endswith('.fn')))
    with config.unlocked(), config.ignore_type():
        for path in ordered:
            *parent, key = path.split('.')
            inside = _made(config, parent)
            found = None if key in ('fn', 'args') else _function(config, parent)
            known = None if found is None else keywords_of(found.call, found.passed)
            if found is not None:
                _check(found, '.'.join(parent), key)
            if key in inside:
                del inside[key]  # another field may refer to the value
            inside[key] = new[path] if key == 'fn' else value_for(new[path], (known or {}).get(key))


def _made(config: ConfigDict, path: list[str]) -> ConfigDict:
    """Return the mapping at a path; what is missing or no mapping becomes an empty one."""
    for part in path:
        if not isinstance(config.get(part), ConfigDict):
            if part in config:
                del config[part]
            config[part] = ConfigDict({})
        config = config[part]
    return config


def _check(found: _Function, field: str, key: str) -> None:
    try:
        check_keywords(found.call, found.name, field, [key], found.passed)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _function(config: ConfigDict, parent: list[str]) -> _Function | None:
    """Return the function whose option a field is; None if there is none, or no such function."""
    spec: Any = _made(config, parent)
    method = parent[1:] if parent[:1] == ['methods'] else []
    if parent == ['train'] or method[1:] == ['train']:
        return _Function(Options, 'training.Options', 0)
    name = spec.get('fn')
    if name is None and len(method) == 2 and method[1] in _OF_METHODS:
        name = f'mtljax.{method[1]}:{method[0]}'
    try:
        call = pkgutil.resolve_name(name)
    except Exception:  # the program refuses the name when it builds the function
        return None
    passed = _PASSED.get(parent[-1] if len(parent) == 1 or len(method) == 2 else '', 0)
    return _Function(call, name, passed + len(spec.get('args', ())))
