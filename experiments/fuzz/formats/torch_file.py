"""PyTorch checkpoints in both formats, written without PyTorch."""

import struct
from pathlib import Path
from typing import Any

import numpy as np

from experiments.fuzz.containers import edit_zip, zipped
from experiments.fuzz.harness import Case, Harness, Material
from mtljax.backbones._torch_file import read_state_dict

_MAGIC = 0x1950A86A20F9469CFC6C
_VIEW = b'ctorch._utils\n_rebuild_tensor_v2\n'
_SHAPES = {'conv.weight': (2, 3, 2, 2), 'bn.bias': (4,), 'bn.count': ()}


def pth() -> Harness:
    """Return the harness of the reader of PyTorch files."""
    marks = tuple(b'%c' % each for each in b'()]}teusaRQb.02')
    names = (b'cos\nsystem\n', b'cbuiltins\neval\n', b'ctorch\nFloatStorage\n', _VIEW)
    names += (b'ctorch._utils\n_rebuild_parameter\n', b'ccollections\nOrderedDict\n')
    sizes = (b'X\xff\xff\xff\x7f', b'B\xff\xff\xff\x7f', b'\x8b\xff\xff\xff\x7f', b'\x8a\xff')
    sizes += (b'r\xff\xff\xff\xff', b'h\0', b'q\0', b'\x94', b'\x8c\x01a', b'L9L\n', b'F1e400\n')
    return Harness('pth', _files, _read, (*marks, *names, *sizes), _edit)


def _read(folder: Path, name: str) -> None:
    for array in read_state_dict(folder / name).values():
        array.copy()  # touches every value


def _edit(name: str, content: bytes, rng: Any, damage: Any) -> bytes:
    return edit_zip(name, content, rng, damage) if name.startswith('zip') else damage(content)


def _files() -> Material:
    tree, storages = b'}(', {}
    for key, (name, shape) in enumerate(_SHAPES.items()):
        values = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
        steps = tuple(step // 4 for step in values.strides)
        tree += _value(name) + _tensor(str(key), values.size, 0, shape, steps)
        storages[str(key)] = values.tobytes()
    tree += b'u'
    seeds = {'zip.pth': _zip(tree, storages), 'legacy.pth': _legacy(tree, storages)}
    hostile = [('zip.pth', _zip(bad, storages)) for bad in _bad_trees()]
    hostile += [('legacy.pth', _legacy(bad, storages)) for bad in _bad_trees()]
    return Material(seeds, [Case(name, name, content) for name, content in hostile])


def _bad_trees() -> list[bytes]:
    """Return trees that ask for much time, much memory, or a call."""
    twice = b']q\0' + b''.join(b']h%ch%ce\x94' % (n, n) for n in range(100))
    double = b'(]q\0h\0h\0e' + b''.join(b'q%c0]h%ch%ce' % (n + 1, n, n) for n in range(60))
    return [
        b'cos\nsystem\n(U\x02lstR',
        b'}(' + _value('a') + _tensor('0', 2**40, 0, (2**20, 2**20), (0, 0)) + b'u',
        b'}(' + _value('a') + _tensor('0', 24, 0, (2**30, 2**30), (0, 0)) + b'u',
        b'}(' + _value('a') + _tensor('0', 24, 0, (2**47, 0), (1, 1)) + b'u',
        b'}(' + _value('a') + _tensor('0', 24, 0, (1,) * 64, (1,) * 64) + b'u',
        b'(' * 400_000,
        b']' * 400_000 + b'a' * 399_999,
        b'I' + b'9' * 100_000 + b'\n',
        b'L' + b'9' * 100_000 + b'L\n',
        b'}(' + b''.join(b'I%d\nN' % (n * (2**61 - 1)) for n in range(2_000)) + b'u',
        twice,
        double,
        b'}(' + _value('a' * 1_000_000) + b'Nu',
    ]


def _value(value: Any) -> bytes:
    """Return the opcodes of protocol 2 that push a value."""
    if isinstance(value, bool):
        return b'\x88' if value else b'\x89'
    if isinstance(value, int):
        raw = value.to_bytes(value.bit_length() // 8 + 1, 'little', signed=True)
        return b'\x8a' + bytes([len(raw)]) + raw
    if isinstance(value, str):
        return b'X' + struct.pack('<I', len(value)) + value.encode()
    return b'(' + b''.join(map(_value, value)) + b't'


def _tensor(key: str, size: int, offset: int, shape: Any, steps: Any) -> bytes:
    storage = b'(' + _value('storage') + b'ctorch\nFloatStorage\n'
    storage += _value(key) + _value('cpu') + _value(size) + b'tQ'
    rest = b''.join(map(_value, (offset, tuple(shape), tuple(steps), False)))
    return _VIEW + b'(' + storage + rest + b'ccollections\nOrderedDict\n)RtR'


def _pickle(opcodes: bytes) -> bytes:
    return b'\x80\x02' + opcodes + b'.'


def _zip(tree: bytes, storages: dict[str, bytes]) -> bytes:
    members = {'any/data.pkl': _pickle(tree), 'any/byteorder': b'little'}
    return zipped(members | {f'any/data/{key}': values for key, values in storages.items()})


def _legacy(tree: bytes, storages: dict[str, bytes]) -> bytes:
    system = b'}' + _value('little_endian') + b'\x88s'
    keys = b'](' + b''.join(map(_value, storages)) + b'e'
    parts = [_pickle(part) for part in (_value(_MAGIC), _value(1001), system, tree, keys)]
    for values in storages.values():
        parts += [struct.pack('<q', len(values) // 4), values]
    return b''.join(parts)
