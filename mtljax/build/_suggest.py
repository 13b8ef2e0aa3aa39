"""What to write in place of the name of a function that does not exist."""

import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from mtljax._near import near_names

_NEAREST = 0.9  # of a name that may lie in any module


def suggestion(name: Any, field: str) -> str:
    """Return the end of the error message about a function that cannot be found.

    Args:
      name: What the config has as the name of the function.
      field: The field of the config, such as ``'sharing'``.

    >>> suggestion('mtljax.sharing:mmeo', 'sharing'), suggestion('mmoe', 'sharing')
    (" Did you mean 'mtljax.sharing:mmoe'?", " Did you mean 'mtljax.sharing:mmoe'?")
    """
    if not isinstance(name, str):
        return ''
    near = next(_near(name, field), None)
    if near:
        return f' Did you mean {near!r}?'
    names = getattr(_module(name.partition(':')[0]), '__all__', [])
    return f' Choose one of {", ".join(names)}.' if names else ''


def _near(name: str, field: str) -> Iterator[str]:
    """Find similar names: in the module, in a module with a similar name, in that of the field."""
    module, _, function = name.replace(':', '.').rpartition('.')
    found = _module(module)
    if found is not None:
        yield from (f'{module}:{each}' for each in near_names(function, _public(found)))
    parent, _, last = module.rpartition('.')
    if found is None and parent:
        inside = getattr(_module(parent), '__path__', [])
        siblings = [each.name for each in pkgutil.iter_modules(inside) if each.name[0] != '_']
        for sibling in near_names(last, siblings):
            found = _module(f'{parent}.{sibling}')
            same = near_names(function, _public(found), _NEAREST)
            yield from (f'{parent}.{sibling}:{each}' for each in same)
    place = field.split('.')[-1]
    for package in (f'mtljax.{place}', f'mtljax.{place}s'):
        same = near_names(function, _public(_module(package)))
        yield from (f'{package}:{each}' for each in same)


def _module(name: str) -> ModuleType | None:
    """Import a module; return None if there is none."""
    try:
        found = pkgutil.resolve_name(name)
    except (Exception, SystemExit):  # a module may raise anything when it is imported
        return None
    return found if isinstance(found, ModuleType) else None


def _public(module: Any) -> list[str]:
    names = getattr(module, '__all__', None) or vars(module) if module else []
    return [name for name in names if not name.startswith('_')]
