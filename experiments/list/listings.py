"""The lines that the program prints."""

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from experiments.list import things
from experiments.list.docs import arguments_of, first_line
from experiments.list.rows import aligned
from experiments.list.things import Thing
from experiments.program import UsageError
from experiments.program.config_file import config_files, load_config
from mtljax._near import did_you_mean
from mtljax._shown import shown

_LONGEST_FIELD = 60


def schemes(width: int) -> Iterator[str]:
    """List the sharing schemes."""
    yield 'Sharing schemes, for --config.sharing.fn=mtljax.sharing:NAME and --sharing=NAME:'
    yield from _functions(things.schemes(), width)


def methods(width: int) -> Iterator[str]:
    """List the weightings and the surgeries."""
    yield 'Weightings, for --config.weighting.fn=mtljax.weighting:NAME and --weighting=NAME:'
    yield from _functions(things.weightings(), width)
    yield ''
    yield 'Surgeries, for --config.surgery.fn=mtljax.surgery:NAME and --surgery=NAME:'
    yield from _functions(things.surgeries(), width)


def configs(width: int) -> Iterator[str]:
    """List the config files and their variants."""
    yield 'Config files, for --config=FILE or --config=FILE:VARIANT:'
    rows = []
    for file in config_files():
        lines = (ast.get_docstring(ast.parse(file.read_text(encoding='utf-8'))) or '').splitlines()
        variants = [line for line in lines if line.startswith('Variants: ')]
        names = ''.join(variants).removeprefix('Variants: ').replace(f'{file}:', ':')
        more = f' Variants: {names}' if names not in ('', 'none') else ''
        rows.append([str(file), f'{"".join(lines[:1])}{more}'])
    yield from aligned(rows, width)


def options(name: str, width: int) -> Iterator[str]:
    """List the options of everything that has a name.

    Raises:
      UsageError: Nothing has this name.
    """
    found, files = things.things_named(name), things.configs_named(name)
    if not found and not files:
        raise UsageError(
            'NAME should be a function, such as mmoe or optax:adam, or a config, such as digits. '
            f'Found {shown(name)}.{did_you_mean(_last(name), things.known_names())}'
        )
    blocks = [_of_function(thing, width) for thing in found]
    blocks += [_of_config(file, width) for file in files]
    for index, block in enumerate(blocks):
        yield from [''] * bool(index)
        yield from block


def _last(name: str) -> str:
    """Return a name without its package or folder.

    >>> _last('data.tabel'), _last('mtljax.sharing:mmeo'), _last('configs/digit.py')
    ('tabel', 'mmeo', 'digit')
    """
    return Path(name.replace(':', '.').removesuffix('.py')).name.rpartition('.')[2]


def _functions(calls: Mapping[str, Callable[..., Any]], width: int) -> Iterator[str]:
    return aligned([[name, first_line(call)] for name, call in calls.items()], width)


def _of_function(thing: Thing, width: int) -> Iterator[str]:
    said, every = arguments_of(thing.call), things.options(thing)
    yield from aligned([[thing.name, first_line(thing.call)]], width, indent=0)
    rows = [[name, _default(each), said.get(name.lstrip('*'), '')] for name, each in every.items()]
    yield from aligned(rows, width) if rows else ['  It has no options.']


def _default(parameter: inspect.Parameter) -> str:
    default = parameter.default
    if default is inspect.Parameter.empty:
        named = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        return '(required)' if named else ''
    name = getattr(default, '__name__', None)
    if callable(default) and name:
        return '(a function)' if name == '<lambda>' else name
    return shown(default)


def _of_config(name: str, width: int) -> Iterator[str]:
    path = Path(name.partition(':')[0])
    lines = (ast.get_docstring(ast.parse(path.read_text(encoding='utf-8'))) or '').splitlines()
    yield from aligned([[name, ''.join(lines[:1])]], width, indent=0)
    rows = [[field, shown(value)] for field, value in _leaves(load_config(name), 'config')]
    yield from aligned(rows, width, widest=_LONGEST_FIELD)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, ConfigDict) or not value:
        yield path, value
        return
    for key, inner in value.items():
        yield from _leaves(inner, f'{path}.{key}')
