"""The things that a config can name: public functions, and config files."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from experiments.program.config_file import config_files
from mtljax import sharing, surgery, weighting
from mtljax.base import MultiTask, Weighting
from mtljax.build._trusted import PACKAGES
from mtljax.surgery import Surgery
from mtljax.training import Options, select_by

_PASSED = ['backbone', 'heads']  # the programs pass these arguments


class Thing(NamedTuple):
    """A function or class that a config can name.

    Attributes:
      name: Its name in a config, ``'package.module:function'``.
      call: The function or class.
    """

    name: str
    call: Callable[..., Any]


def schemes() -> dict[str, Callable[..., Any]]:
    """Return the sharing schemes.

    >>> 'mmoe' in schemes(), 'multi_input' in schemes()  # the latter changes a model
    (True, False)
    """
    made = _made_by(sharing, MultiTask)
    return {name: call for name, call in made.items() if list(parameters(call))[:2] == _PASSED}


def weightings() -> dict[str, Callable[..., Any]]:
    """Return the weightings."""
    return _made_by(weighting, Weighting)


def surgeries() -> dict[str, Callable[..., Any]]:
    """Return the surgeries."""
    return _made_by(surgery, Surgery)


def parameters(call: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a function. Further positional arguments have a star."""
    try:
        every = inspect.signature(call).parameters
    except (TypeError, ValueError):  # a function in C
        return {}
    stars: dict[Any, str] = {
        inspect.Parameter.VAR_POSITIONAL: '*',
        inspect.Parameter.VAR_KEYWORD: '**',
    }
    return {stars.get(each.kind, '') + name: each for name, each in every.items()}


def options(thing: Thing) -> dict[str, inspect.Parameter]:
    """Return the parameters that a config sets."""
    every = parameters(thing.call)
    given = _PASSED if list(every)[:2] == _PASSED else []
    return {name: each for name, each in every.items() if name not in given}


def things_named(name: str) -> list[Thing]:
    """Return what has a name: in mtljax, or else in optax. ``train`` is also `training.Options`.

    A package may stand before the name, with a dot, as in Python, or with a colon, as in a config.

    >>> [thing.name for thing in things_named('mlp')]
    ['mtljax.backbones:mlp', 'mtljax.heads:mlp']
    >>> [thing.name for thing in things_named('heads.mlp')]
    ['mtljax.heads:mlp']
    """
    package, _, function = name.replace(':', '.').removeprefix('mtljax.').rpartition('.')
    if package in (*PACKAGES, 'training', 'optax'):
        name = f'{"" if package == "optax" else "mtljax."}{package}:{function}'
    if ':' in name:
        found = _resolved(name)
        return [] if found is None else [Thing(name, found)]
    if name == 'train':
        return [Thing('mtljax.training:Options', Options)]
    found = [thing for thing in _public() if thing.name.partition(':')[2] == name]
    other = _resolved(f'optax:{name}') if not found and name.isidentifier() else None
    return found if other is None else [Thing(f'optax:{name}', other)]


def configs_named(name: str) -> list[str]:
    """Return the config of a path or of a name, such as ``digits``, with its variant.

    >>> configs_named('digits:pcgrad')
    ['configs/digits.py:pcgrad']
    """
    path, colon, variant = name.partition(':')
    if path.endswith('.py') and Path(path).is_file():
        return [name]
    return [f'{file}{colon}{variant}' for file in config_files() if file.stem == path]


def known_names() -> list[str]:
    """Return all names without their packages."""
    names = {thing.name.partition(':')[2] for thing in _public()}
    return sorted(names | {file.stem for file in config_files()} | {'train'})


def _public() -> Iterator[Thing]:
    for package in PACKAGES:
        module = importlib.import_module(f'mtljax.{package}')
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value):
                yield Thing(f'mtljax.{package}:{name}', value)
    yield Thing('mtljax.training:select_by', select_by)


def _made_by(package: Any, kind: type) -> dict[str, Callable[..., Any]]:
    """Return the public functions of a package that build a kind of object."""
    functions = {name: getattr(package, name) for name in package.__all__}
    return {
        name: call
        for name, call in functions.items()
        if inspect.isfunction(call) and inspect.signature(call).return_annotation is kind
    }


def _resolved(name: str) -> Callable[..., Any] | None:
    try:
        found = pkgutil.resolve_name(name)
    except Exception:  # a module may raise anything when it is imported
        return None
    return found if callable(found) else None
