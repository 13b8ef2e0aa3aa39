"""Calls of the functions that a config names by ``{'fn': 'package.module:function', ...}``."""

import pkgutil
from collections.abc import Mapping
from typing import Any

from mtljax.build._former_names import current_names


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
    keywords = {k: make(v, f'{field}.{k}') for k, v in spec.items() if k not in ('fn', 'args')}
    more = [make(v, f'{field}.args[{i}]') for i, v in enumerate(spec.get('args', ()))]
    try:
        return factory(*args, *more, **keywords)
    except (TypeError, ValueError, OSError) as error:
        raise ValueError(f'config.{field} = {spec["fn"]}({keywords}): {error}') from error


def _resolve(name: Any, field: str) -> Any:
    try:
        return pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise ValueError(
            f"config.{field}.fn should name a function, as 'package.module:function'. "
            f'Found {name!r}: {error}.{_choices(name)}'
        ) from error


def _choices(name: Any) -> str:
    """The public names of the module that a name contains, if this module exists."""
    if not isinstance(name, str) or ':' not in name:
        return ''
    module = name.split(':')[0]
    try:
        names = getattr(pkgutil.resolve_name(module), '__all__', [])
    except (ImportError, AttributeError, ValueError):
        return ''
    return f' Choose one of {", ".join(names)}.' if names else ''
