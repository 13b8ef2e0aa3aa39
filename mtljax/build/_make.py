"""Calls of the functions that a config names by ``{'fn': 'package.module:function', ...}``."""

import pkgutil
from collections.abc import Mapping
from typing import Any

from mtljax._extra import MissingExtraError
from mtljax._shown import shown
from mtljax.build._former_names import current_names
from mtljax.build._keywords import check_keywords
from mtljax.build._suggest import suggestion


def make(spec: Any, field: str, *args: Any) -> Any:
    """Call the function that a spec names, and return its result.

    A spec is a mapping such as ``{'fn': 'package.module:function', 'option': 1}``. The entry ``fn``
    names the function. The entry ``args``, if there is one, is a list of positional arguments. All
    other entries are keyword arguments. If a spec contains another spec, the inner spec is called
    first. In a mapping without ``fn``, every value that is a spec is replaced by its result. Any
    other value is returned unchanged.

    Args:
      spec: A spec or any other value.
      field: The name of the field in the config, such as ``'surgery'``, for error messages.
      *args: The first positional arguments of the function.

    Raises:
      ValueError: The name cannot be imported, or the function does not accept its arguments.

    >>> make({'fn': 'math:sqrt'}, 'x', 9.0)
    3.0
    """
    if not isinstance(spec, Mapping):
        return spec
    if 'fn' not in spec:
        return {key: make(value, f'{field}.{key}') for key, value in spec.items()}
    factory = _resolve(current_names(spec)['fn'], field)
    given, options = spec.get('args', ()), [key for key in spec if key not in ('fn', 'args')]
    if not isinstance(given, list | tuple):
        raise ValueError(f'config.{field}.args should be a list. Found {given!r:.80}.')
    check_keywords(factory, spec['fn'], field, options, len(args) + len(given))
    keywords = {key: make(spec[key], f'{field}.{key}') for key in options}
    more = [make(value, f'{field}.args[{i}]') for i, value in enumerate(given)]
    try:
        return factory(*args, *more, **keywords)
    except MissingExtraError:
        raise
    except (OSError, ValueError) as error:
        raise ValueError(f'config.{field}: {str(error)[:1500]}') from error
    except Exception as error:
        kind = '' if isinstance(error, TypeError) else f'{type(error).__name__}: '
        said = f'{kind}{error}'[:1500]
        raise ValueError(f'config.{field} = {spec["fn"]}({shown(keywords)}): {said}') from error


def _resolve(name: Any, field: str) -> Any:
    parts = name.split(':') if isinstance(name, str) else []
    if len(parts) != 2 or not all(parts):
        raise ValueError(
            f"config.{field}.fn should name a function, as 'package.module:function'. "
            f'Found {name!r:.200}.{suggestion(name, field)}'
        )
    try:
        found = pkgutil.resolve_name(name)
    except (Exception, SystemExit) as error:  # a module may raise anything when it is imported
        raise ValueError(
            f"config.{field}.fn should name a function, as 'package.module:function'. "
            f'Found {name!r:.200}: {error}.{suggestion(name, field)}'
        ) from error
    if not callable(found):
        raise ValueError(
            f'config.{field}.fn should name a function. Found {name!r}: {found!r:.80}.'
        )
    return found
