"""Call the factory that a spec names: ``dict(fn='package.module:factory', **keywords)``."""

import pkgutil
from collections.abc import Mapping
from typing import Any

from mtljax.build._former_names import current_names


def make(spec: Any, field: str, *args: Any) -> Any:
    """Call the factory that ``spec`` names, its nested specs first. Anything else stays as it is.

    Args:
      spec: A mapping with ``fn``, the keywords of the factory and perhaps a list ``args``; or a
        plain value.
      field: The name of the field in errors, such as ``'surgery'``.
      *args: Positional arguments of the factory.

    Raises:
      ValueError: The name cannot be imported, or the factory does not accept its arguments.

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
    """The public names of the module, where there is such a module."""
    if not isinstance(name, str) or ':' not in name:
        return ''
    module = name.split(':')[0]
    try:
        names = getattr(pkgutil.resolve_name(module), '__all__', [])
    except (ImportError, AttributeError, ValueError):
        return ''
    return f' Choose one of {", ".join(names)}.' if names else ''
