"""Pickles inside PyTorch files, read as data.

The unpickler of Python calls the functions that a pickle names. This unpickler calls none. It knows
the opcodes and the few names that PyTorch writes for tensors, and refuses all others.
"""

import pickletools
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from mtljax.backbones._torch_tensor import DTYPES, STORAGES, Tensor, tensor

_VALUES = frozenset(
    (
        *('INT', 'BININT', 'BININT1', 'BININT2', 'LONG', 'LONG1', 'LONG4', 'FLOAT', 'BINFLOAT'),
        *('STRING', 'BINSTRING', 'SHORT_BINSTRING', 'BINBYTES', 'SHORT_BINBYTES'),
        *('UNICODE', 'BINUNICODE', 'SHORT_BINUNICODE', 'BINUNICODE8'),
    )
)
_CONSTANTS = {'NONE': None, 'NEWTRUE': True, 'NEWFALSE': False}
_EMPTY = {'EMPTY_LIST': list, 'EMPTY_TUPLE': tuple, 'EMPTY_DICT': dict}
_PUTS, _GETS = ('PUT', 'BINPUT', 'LONG_BINPUT'), ('GET', 'BINGET', 'LONG_BINGET')
_TUPLES = {'TUPLE1': 1, 'TUPLE2': 2, 'TUPLE3': 3}
_MOST_OPCODES = 500_000  # a network of a thousand tensors has about 50,000
_LARGEST_KEY = 2**60  # larger numbers can be chosen so that a dict takes very long
_REBUILD = 'torch._utils._rebuild_'
_CALLS = {  # the least number of arguments
    'collections.OrderedDict': 0,
    _REBUILD + 'tensor': 4,
    _REBUILD + 'tensor_v2': 6,
    _REBUILD + 'tensor_v3': 7,
    _REBUILD + 'parameter': 3,
    _REBUILD + 'parameter_with_state': 4,
}


@dataclass(frozen=True)
class Global:
    """A name that the pickle refers to."""

    name: str


def load(stream: BinaryIO, storage: Callable[[Any], Any]) -> Any:
    """Read the next pickle of a stream: dicts, lists, tuples, numbers, strings and `Tensor`.

    Args:
      stream: The stream. Afterwards, its position is behind the pickle.
      storage: A function from a persistent id to a storage.

    Raises:
      ValueError: The pickle is damaged, or refers to other objects than tensors and containers.

    >>> import io, pickle
    >>> load(io.BytesIO(pickle.dumps({'a': [1, 2.5]}, 2)), lambda key: key)
    {'a': [1, 2.5]}
    >>> load(io.BytesIO(pickle.dumps(print, 2)), lambda key: key)
    Traceback (most recent call last):
    ValueError: It refers to '__builtin__.print'. Only tensors in dicts are read, ...
    """
    machine = _Machine(storage)
    try:
        for count, (opcode, arg, _) in enumerate(pickletools.genops(stream)):
            if count > _MOST_OPCODES:
                raise ValueError(f'It has more than {_MOST_OPCODES} opcodes.')
            machine.step(opcode.name, arg)
        return machine.stack.pop()
    except (IndexError, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f'It is damaged: {type(error).__name__}, {str(error)[:200]}.') from error


class _Machine:
    """The stack, the memo, and the positions of marks on the stack."""

    def __init__(self, storage: Callable[[Any], Any]):
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.storage = storage

    def step(self, name: str, arg: Any) -> None:
        if name in _VALUES:
            self.stack.append(arg)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name == 'GLOBAL':
            self.stack.append(_named('.'.join(arg.split(' ', 1))))
        elif name in _PUTS:
            self.memo[arg] = self.stack[-1]
        elif name in _GETS:
            self.stack.append(self.memo[arg])
        elif name in _TUPLES:
            self.stack.append(tuple(self.take(_TUPLES[name])))
        elif name not in ('PROTO', 'FRAME', 'STOP'):
            method = getattr(self, 'on_' + name.lower(), None)
            if method is None:
                raise ValueError(f'Its opcode {name} is not used for tensors.')
            method()

    def take(self, count: int) -> list[Any]:
        """Remove and return the last values above the last mark."""
        if len(self.stack) - count < (self.marks[-1] if self.marks else 0):
            raise ValueError('It is damaged: a value is missing.')
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def take_marked(self) -> list[Any]:
        start = self.marks.pop()
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def on_mark(self):
        self.marks.append(len(self.stack))

    def on_memoize(self):
        self.memo[len(self.memo)] = self.stack[-1]

    def on_tuple(self):
        self.stack.append(tuple(self.take_marked()))

    def on_list(self):
        self.stack.append(self.take_marked())

    def on_dict(self):
        self.stack.append(_filled({}, self.take_marked()))

    def on_append(self):
        (value,) = self.take(1)
        _of_type(self.stack[-1], list).append(value)

    def on_appends(self):
        values = self.take_marked()
        _of_type(self.stack[-1], list).extend(values)

    def on_setitem(self):
        pair = self.take(2)
        _filled(self.stack[-1], pair)

    def on_setitems(self):
        pairs = self.take_marked()
        _filled(self.stack[-1], pairs)

    def on_build(self):
        """Ignore attributes of a dict of tensors: they hold versions of layers."""
        self.take(1)
        _of_type(self.stack[-1], dict | Tensor)

    def on_stack_global(self):
        module, name = self.take(2)
        self.stack.append(_named(f'{_of_type(module, str)}.{_of_type(name, str)}'))

    def on_binpersid(self):
        (key,) = self.take(1)
        self.stack.append(self.storage(key))

    def on_reduce(self):
        called, args = self.take(2)
        self.stack.append(_called(_of_type(called, Global).name, _of_type(args, tuple)))


def _named(name: str) -> Global:
    if name not in _CALLS and name not in STORAGES and name not in DTYPES:
        raise ValueError(
            f'It refers to {name[:200]!r}. Only tensors in dicts are read, as written by '
            'torch.save(model.state_dict(), path).'
        )
    return Global(name)


def _called(name: str, args: tuple[Any, ...]) -> Any:
    """The result of a call of a known name."""
    least = _CALLS.get(name, len(args) + 1)
    if len(args) < least or (args and not least):
        raise ValueError(f'It calls {name!r} with {len(args)} arguments.')
    if not args:
        return {}
    if name.startswith(_REBUILD + 'parameter'):
        return _of_type(args[0], Tensor)
    storage, offset, shape, strides = args[:4]
    metadata = args[7:8] if name.endswith('v3') else args[6:7]
    if any(_of_type(each, dict | None) for each in metadata):
        shown = reprlib.repr(metadata[0])  # its full text may be longer than any memory
        raise ValueError(f'It holds a view that is negated or conjugated: {shown}.')
    dtype = DTYPES[_of_type(args[6], Global).name] if name.endswith('v3') else None
    return tensor(storage, offset, shape, strides, dtype)


def _filled(target: Any, pairs: list[Any]) -> dict:
    """Add items to a dict. Keys are restricted, because other types may take very long to hash."""
    if len(pairs) % 2:
        raise ValueError('It is damaged: a key has no value.')
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        if isinstance(_of_type(key, str | int), int) and abs(key) > _LARGEST_KEY:
            raise ValueError('It holds a dict whose keys are very large numbers.')
        _of_type(target, dict)[key] = value
    return target


def _of_type(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f'It is damaged: {type(value).__name__} where {kind} belongs.')
    return value
