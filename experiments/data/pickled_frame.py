"""Read a table from a pickle, without running the pickle."""

import lzma
import pickle
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import numpy as np

_LAG = timedelta(days=14)
_STATIONS = 20


class Call:
    """A record of a call in a pickle. The call itself is never made.

    Attributes:
      args: The arguments of the call.
      state: The state that the pickle sets on the result.
    """

    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: Any) -> 'Call':
        """Record the call."""
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
    """Accepts the names in a DataFrame and returns a `Call` for each; imports and runs nothing."""

    def find_class(self, module: str, name: str) -> Any:
        if name not in _NAMES.get(module, ()):
            raise pickle.UnpicklingError(f'{module}.{name} is not part of a table')
        return type(name, (Call,), {})


def columns(pickled: bytes) -> dict[str, Any]:
    """Return the columns of a pickled DataFrame, in order: arrays of numbers or lists of text.

    Raises:
      ValueError: The pickle holds something else.
    """
    try:
        blocks, axes = _Reader(BytesIO(pickled)).load().state['_mgr'].args
        names = _array(axes[0].args[1]['data'])
        table = {}
        for block in blocks:
            values, place, _ = block.args
            where = range(*place.args) if type(place).__name__ == 'slice' else _array(place)
            table |= zip((names[at] for at in where), _array(values), strict=True)
        return {name: table[name] for name in names}
    except (pickle.UnpicklingError, AttributeError, EOFError, LookupError, TypeError) as error:
        raise ValueError(
            f'The pickle should be a table of pandas. Found an error: {error}.'
        ) from error


def _array(call: Any) -> Any:
    """Return the rows of a block: an array of numbers, or a list of objects."""
    if type(call).__name__ == '_frombuffer':
        buffer, dtype, shape, order = call.args
        kind = dtype.state[1] + dtype.args[0]
        if kind not in ('<f8', '<i8'):
            raise ValueError(f'Numbers should have 8 bytes. Found {kind!r}.')
        return np.frombuffer(buffer, kind).reshape(shape, order=order)
    _, shape, _, _, objects = call.state
    return objects if len(shape) == 1 else [objects]


def chicago(packed: bytes) -> bytes:
    """Return a wide CSV from a table of modeldata: dates, and entries of 20 Chicago L stations.

    In the table the stations are predictors: the counts in the row of a date are from 14 days
    earlier. In the CSV every count is in the row of its own day. The other columns are left out.
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
    """Return the entries as text. A few days are means of two counts."""
    return [f'{count:.7g}' for count in 1000 * thousands]
