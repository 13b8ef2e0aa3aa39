"""Checks of a config before anything is built from it."""

from collections.abc import Mapping
from typing import Any

from mtljax._near import near_names
from mtljax._shown import shown
from mtljax.options import check_count, check_flag, check_option, check_seed

FIELDS = (
    *('seed', 'data', 'backbone', 'sharing', 'weighting', 'surgery', 'optimizer', 'select'),
    'train',
)
_SPECS = ('backbone', 'sharing', 'surgery', 'optimizer')
_OPTIONAL_SPECS = ('weighting', 'select')
_OUTSIDE = ('seed', 'workdir', 'progress')  # options of a program, not of train
_DEEPEST = 50
OPTIONAL = ('heads', 'loss_scales', 'frozen', 'store_features')
_NEAR = 0.85  # how similar a misspelt name is, from 0 to 1


def check_fields(config: Mapping[str, Any]) -> None:
    """Raise a ValueError if a config lacks a field that training needs, or a field is wrong.

    Args:
      config: A config, as in the files of ``configs/``.

    >>> check_fields({'seed': 0})
    Traceback (most recent call last):
    ValueError: The config lacks the fields ['data', ... Found ['seed'].
    """
    if not isinstance(config, Mapping):
        raise ValueError(f'The config should be a mapping. Found {type(config).__name__}.')
    _check_spelling(config)
    missing = [field for field in FIELDS if field not in config]
    if missing:
        names = shown(sorted(map(str, config)))
        raise ValueError(f'The config lacks the fields {missing}. Found {names}.')
    _check_values(config, 'config', 0)
    check_seed('config.seed', config['seed'])
    for field in _SPECS:
        _check_spec(field, config[field])
    for field in _OPTIONAL_SPECS:
        if config[field] is not None:
            _check_spec(field, config[field])
    for field in ('train', 'heads', 'loss_scales'):
        if not isinstance(config.get(field, {}), Mapping):
            raise ValueError(f'config.{field} should be a mapping. Found {config[field]!r:.80}.')
    for task, scale in config.get('loss_scales', {}).items():
        check_option(f'config.loss_scales.{task}', scale, 'a finite number')
    if 'fn' in config['train']:
        raise ValueError(
            f"config.train should hold options, no 'fn'. Found {config['train']!r:.80}."
        )
    outside = [field for field in _OUTSIDE if field in config['train']]
    if outside:
        raise ValueError(
            f'config.train should hold options of training.Options. Found {outside}. The seed is '
            'config.seed, and the folder is --workdir.'
        )
    check_count('config.frozen', config.get('frozen', 0), 0)
    check_flag('config.store_features', config.get('store_features', False))


def _check_spelling(config: Mapping[str, Any]) -> None:
    """Refuse a field whose name is nearly that of a known one. Other fields belong to the user."""
    known = (*FIELDS, *OPTIONAL)
    for name in config:
        near = near_names(name, known, _NEAR)
        if near and name not in known:
            raise ValueError(f'config.{name!s:.80} is no field. Did you mean config.{near[0]}?')


def _check_values(value: Any, path: str, depth: int) -> None:
    """Refuse functions, sets, and a mapping or list that contains itself."""
    if depth > _DEEPEST:
        raise ValueError(
            f'{path[:80]} should not be nested deeper than {_DEEPEST}. Found a deeper value. Does '
            'it contain itself?'
        )
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _check_values(inner, f'{path}.{key}', depth + 1)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            _check_values(inner, f'{path}[{index}]', depth + 1)
    elif callable(value) or isinstance(value, set | frozenset):
        raise ValueError(
            f'{path} should be a number, a text, a list or a mapping. Found {value!r:.80}. Name a '
            "function as {'fn': 'package.module:function'}."
        )


def _check_spec(field: str, spec: Any) -> None:
    if not isinstance(spec, Mapping) or 'fn' not in spec:
        raise ValueError(
            f"config.{field} should be a mapping such as {{'fn': 'package.module:function', ...}}. "
            f'Found {spec!r:.80}.'
        )
