"""A table from a pickle, without running it."""

import lzma
import pickle
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import numpy as np

_LAG = timedelta(days=14)
_STATIONS = 20


class Call:
    """A call that a pickle asks for: written down, not made.

    Attributes:
      args: the arguments.
      state: what the pickle puts into the result.
    """

    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: Any) -> 'Call':
        """Whatever the pickle calls, it gets this."""
        call = super().__new__(cls)
        call.args, call.state = args, None
        return call

    def __init__(self, *args: Any):
        pass

    def __setstate__(self, state: Any):
        self.state = state


_NAMES = {
    'builtins': ('slice',),
    'numpy': ('dtype', 'ndarray'),
    'numpy.core.multiarray': ('_reconstruct',),
    'numpy.core.numeric': ('_frombuffer',),
    'pandas._libs.internals': ('_unpickle_block',),
    'pandas.core.frame': ('DataFrame',),
    'pandas.core.indexes.base': ('Index', '_new_Index'),
    'pandas.core.indexes.range': ('RangeIndex',),
    'pandas.core.internals.managers': ('BlockManager',),
}


class _Reader(pickle.Unpickler):
    """Knows the names of a DataFrame, and gives a `Call` for each; nothing is imported or run."""

    def find_class(self, module: str, name: str) -> Any:
        if name not in _NAMES.get(module, ()):
            raise pickle.UnpicklingError(f'{module}.{name} is not part of a table')
        return type(name, (Call,), {})


def columns(pickled: bytes) -> dict[str, Any]:
    """The columns of a pickled DataFrame, in order: arrays of numbers, or lists of text.

    Raises:
      ValueError: it is something else.
    """
    try:
        blocks, axes = _Reader(BytesIO(pickled)).load().state['_mgr'].args
        names = _array(axes[0].args[1]['data'])
        found = {}
        for block in blocks:
            values, place, _ = block.args
            where = range(*place.args) if type(place).__name__ == 'slice' else _array(place)
            found |= zip((names[at] for at in where), _array(values), strict=True)
        return {name: found[name] for name in names}
    except (pickle.UnpicklingError, AttributeError, EOFError, LookupError, TypeError) as error:
        raise ValueError(f'This is no table of pandas that can be read: {error}.') from error


def _array(call: Any) -> Any:
    """Numbers from their bytes, or a list of objects, one per row of a block."""
    if type(call).__name__ == '_frombuffer':
        buffer, dtype, shape, order = call.args
        kind = dtype.state[1] + dtype.args[0]
        if kind not in ('<f8', '<i8'):
            raise ValueError(f'Numbers of 8 bytes are expected. Found {kind!r}.')
        return np.frombuffer(buffer, kind).reshape(shape, order=order)
    _, shape, _, _, objects = call.state
    return objects if len(shape) == 1 else [objects]


def chicago(packed: bytes) -> bytes:
    """A wide CSV, ``date`` and 20 stations of the Chicago L, entries a day, from modeldata's table.

    Its stations are predictors: what lies beside a date was counted 14 days earlier. Here every
    count lies beside its own day, and the other columns are left out.
    """
    table = columns(lzma.decompress(packed))
    names = list(table)
    first = names.index('ridership') + 1
    stations = names[first : first + _STATIONS]
    days = [(date.fromisoformat(day) - _LAG).isoformat() for day in table['date']]
    counts = (_counts(table[name]) for name in stations)
    rows = [['date', *stations], *zip(days, *counts, strict=True)]
    return ''.join(f'{",".join(row)}\n' for row in rows).encode()


def _counts(thousands: np.ndarray) -> list[str]:
    """Entries as text; a few days are means of two counts."""
    return [f'{count:.7g}' for count in 1000 * thousands]
