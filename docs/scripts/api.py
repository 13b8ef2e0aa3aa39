"""The pages of the API: one for each public package, with every name in its ``__all__``."""

import importlib
from types import ModuleType

import mtljax

HEADER = '# {name}\n\n{text}\n'


def packages() -> dict[str, ModuleType]:
    """The package itself, and each of its public packages, by the name of the page."""
    names = [name for name in mtljax.__all__ if isinstance(getattr(mtljax, name), ModuleType)]
    parts = {name: importlib.import_module(f'mtljax.{name}') for name in names}
    return {'mtljax': mtljax, **parts}


def public_names(package: ModuleType) -> list[str]:
    """The full names of the exports of a package, without packages, which have their own pages."""
    name, objects = package.__name__, vars(package)
    if hasattr(package, '__all__'):
        public = [key for key in package.__all__ if not isinstance(objects[key], ModuleType)]
    else:  # a single file, where everything without an underscore is public
        own = {key: value for key, value in objects.items() if not key.startswith('_')}
        public = [key for key, value in own.items() if getattr(value, '__module__', '') == name]
    return [f'{name}.{key}' for key in public]


def page(package: ModuleType) -> str:
    """The source of one page: the docstring of the package, then its names for mkdocstrings."""
    text = HEADER.format(name=package.__name__, text=(package.__doc__ or '').strip())
    return text + ''.join(f'\n::: {name}\n' for name in public_names(package))
