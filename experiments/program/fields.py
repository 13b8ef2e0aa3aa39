"""Fields that the command line adds to a config, such as ``--config.sharing.start=1``."""

import re
from collections.abc import Sequence
from typing import Any

from ml_collections import ConfigDict

from experiments.program.errors import UsageError
from experiments.program.values import literal
from mtljax._near import did_you_mean
from mtljax._shown import shown
from mtljax.build._check_config import FIELDS, OPTIONAL

_FLAG = re.compile(r'--?(no)?config\.([^=]+)(?:=(.*))?', re.DOTALL)
_KEYED = ('train', 'heads', 'loss_scales')  # mappings whose keys a config need not have
_NAMED = ['train', 'loggers'], ['train', 'callbacks']  # mappings whose keys the user chooses


def separate(argv: Sequence[str], config: ConfigDict) -> tuple[list[str], dict[str, str]]:
    """Take the fields that a config lacks out of a command line.

    Such a field is an option of a function that the config names, an option of training, or a field
    that is optional. If a field of the config is a tuple, a list of texts, as in
    ``--config.data.targets=a,b``, is written as a tuple. If a field is given twice, the last value
    counts, as for every flag of absl that holds one value; ml_collections would join tuples.

    Args:
      argv: The command line.
      config: The config, as its file has it.

    Returns:
      The rest of the command line, and the texts of the fields, ``{path: text}``.

    Raises:
      UsageError: The config has no place for a field.
    """
    kept: list[str] = []
    new: dict[str, str] = {}
    named = {match[2] for arg in argv if (match := _FLAG.fullmatch(arg))}
    rest = list(argv)
    while rest:
        arg = rest.pop(0)
        match = _FLAG.fullmatch(arg)
        if match is None:
            kept.append(arg)
        elif _is_tuple(config, match) and (match[3] is not None or rest):
            flag = f'--config.{match[2]}='
            value = literal(rest.pop(0) if match[3] is None else match[3], listed=True)
            kept = [*(each for each in kept if not each.startswith(flag)), f'{flag}{value!r}']
        elif _is_parsed(config, match):
            kept.append(arg)
        elif not _takes(config, match[2].split('.'), named):
            raise UsageError(_no_field(config, match[2]))
        elif match[3] is None and rest and not rest[0].startswith('-'):
            new[match[2]] = rest.pop(0)
        else:
            new[match[2]] = ('false' if match[1] else 'true') if match[3] is None else match[3]
    return kept, new


def _is_parsed(config: ConfigDict, match: re.Match[str]) -> bool:
    """Return whether ml_collections can parse a field: it does not parse lists and None."""
    path, text = match[2], match[3]
    if '[' in path:
        return True
    *parent, key = path.split('.')
    inside = _at(config, parent)
    if not isinstance(inside, ConfigDict) or key not in inside:
        return False
    if isinstance(inside[key], ConfigDict):
        return text is None or text.lstrip().startswith('{')
    return inside.get_type(key) not in (type(None), list)


def _is_tuple(config: ConfigDict, match: re.Match[str]) -> bool:
    *parent, key = match[2].split('.')
    inside = _at(config, parent)
    return isinstance(inside, ConfigDict) and isinstance(inside.get(key), tuple) and not match[1]


def _takes(config: ConfigDict, path: Sequence[str], named: set[str]) -> bool:
    """Return whether a config has a place for a field that it lacks.

    Args:
      config: The config.
      path: The parts of the path of the field.
      named: The paths of all fields on the command line.
    """
    *parent, key = path
    inside, trains = _at(config, parent), 'train' in config
    if isinstance(inside, ConfigDict) and 'fn' in inside:
        return True
    if not parent:
        return trains and key in (*FIELDS, *OPTIONAL)
    if trains and (parent in _NAMED or (len(parent) == 1 and parent[0] in _KEYED)):
        return True
    if trains and parent[0] == 'methods' and len(parent) >= 3 and parent[2] in FIELDS:
        return True
    return '.'.join([*parent, 'fn']) in named and _takes(config, parent, named)


def _no_field(config: ConfigDict, path: str) -> str:
    """Return the message about a field for which a config has no place."""
    inside, place = config, 'config'
    *parents, last = path.split('.')
    for key in parents:
        if key in inside and not isinstance(inside[key], ConfigDict):
            found = f'{place}.{key} = {inside[key]!r:.80}'
            return f'--config.{path} should be a field of a mapping. Found {found}.'
        if key not in inside:
            return _unknown(path, place, inside, key)
        inside, place = inside[key], f'{place}.{key}'
    if last in inside:
        return (
            f'--config.{path} should be a mapping, such as "{{\'name\': 1}}". Found another value.'
        )
    return _unknown(path, place, inside, last)


def _unknown(path: str, place: str, inside: ConfigDict, key: str) -> str:
    known = [*inside, *(OPTIONAL if place == 'config' else ())]
    return (
        f'--config.{path} should set a field of {place}: {", ".join(inside)}. '
        f'Found {shown(key)}.{did_you_mean(key, known)}'
    )


def _at(config: Any, path: Sequence[str]) -> Any:
    """Return the value at a path, or None."""
    for part in path:
        config = config.get(part) if isinstance(config, ConfigDict) else None
    return config
