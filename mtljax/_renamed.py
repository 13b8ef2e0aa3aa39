"""Old public names, which work for one more release and warn."""

import pkgutil
import warnings
from collections.abc import Callable, Mapping
from typing import Any


def renamed(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for a module, which finds its old names at their new places.

    Args:
      module: The name of the module that had the names.
      names: ``{old name: 'package.module:new name'}``.

    Returns:
      A function from an old name to the object. It gives a DeprecationWarning.

    >>> import warnings
    >>> find = renamed('mtljax.trees', {'hard_to_soft': 'mtljax.moves:hard_to_soft'})
    >>> with warnings.catch_warnings(record=True, action='always') as caught:
    ...     find('hard_to_soft').__name__, str(caught[0].message)
    ('hard_to_soft', 'mtljax.trees.hard_to_soft is now mtljax.moves.hard_to_soft.')
    """

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f'module {module!r} has no attribute {name!r}')
        new = names[name].replace(':', '.')
        warnings.warn(f'{module}.{name} is now {new}.', DeprecationWarning, stacklevel=2)
        return pkgutil.resolve_name(names[name])

    return find
