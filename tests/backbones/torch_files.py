"""PyTorch files written without PyTorch, and weights that a formula gives."""

import struct
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {'float32': 'FloatStorage', 'int64': 'LongStorage'}


@dataclass(frozen=True)
class Name:
    """What the pickle imports."""

    module: str
    name: str


@dataclass(frozen=True)
class Call:
    """What the pickle calls."""

    called: Any
    args: tuple


@dataclass(frozen=True)
class Storage:
    """What the pickle finds elsewhere in the file."""

    kind: str
    key: str
    numel: int


def emit(value):
    """Opcodes of protocol 2 that push a value."""
    if isinstance(value, bool):
        return b'\x88' if value else b'\x89'
    if isinstance(value, int):
        raw = value.to_bytes(value.bit_length() // 8 + 1, 'little', signed=True)
        return b'\x8a' + bytes([len(raw)]) + raw
    if isinstance(value, str):
        return b'X' + struct.pack('<I', len(value.encode())) + value.encode()
    if isinstance(value, tuple | list):
        begin, end = (b'(', b't') if isinstance(value, tuple) else (b'](', b'e')
        return begin + b''.join(map(emit, value)) + end
    if isinstance(value, dict):
        return b'}(' + b''.join(emit(k) + emit(v) for k, v in value.items()) + b'u'
    if isinstance(value, Name):
        return f'c{value.module}\n{value.name}\n'.encode()
    if isinstance(value, Call):
        return emit(value.called) + emit(value.args) + b'R'
    key = ('storage', Name('torch', value.kind), value.key, 'cpu', value.numel)
    return emit(key) + b'Q'


def pickled(value):
    return b'\x80\x02' + (value if isinstance(value, bytes) else emit(value)) + b'.'


def view(storage, offset, shape, strides):
    args = (storage, offset, shape, strides, False, Call(Name('collections', 'OrderedDict'), ()))
    return Call(Name('torch._utils', '_rebuild_tensor_v2'), args)


def tree_of(arrays):
    """The tree of a state dict, and the values of its storages by key."""
    tree, storages = {}, {}
    for at, (name, array) in enumerate(arrays.items()):
        strides = tuple(step // array.itemsize for step in array.strides)
        storage = Storage(STORAGES[array.dtype.name], str(at), array.size)
        tree[name] = view(storage, 0, array.shape, strides)
        storages[str(at)] = array
    return tree, storages


def write_zip(path, tree, storages, **options):
    with zipfile.ZipFile(path, 'w', **options) as archive:
        archive.writestr('any/data.pkl', pickled(tree))
        archive.writestr('any/byteorder', b'little')
        for key, values in storages.items():
            archive.writestr(f'any/data/{key}', values.tobytes())


def write_legacy(path, tree, storages):
    parts = [pickled(part) for part in (MAGIC, 1001, {'little_endian': True}, tree, [*storages])]
    for values in storages.values():
        parts += [struct.pack('<q', values.size), values.tobytes()]
    path.write_bytes(b''.join(parts))


def images(*shape):
    """``[B, C, H, W]``."""
    return np.sin(0.1 * np.arange(np.prod(shape))).reshape(shape).astype(np.float32)


def resnet_weights(widths, blocks, bottleneck):
    """A state dict in torchvision's names, without the classifier."""
    shapes = {'conv1': (widths[0], 3, 7, 7), 'bn1': (widths[0],)}
    size = widths[0]
    for group, (width, count) in enumerate(zip(widths, blocks, strict=True), 1):
        out = width * (4 if bottleneck else 1)
        for at in range(count):
            block = f'layer{group}.{at}.'
            plan = [(width, size, 3), (out, width, 3)]
            if bottleneck:
                plan = [(width, size, 1), (width, width, 3), (out, width, 1)]
            for n, (last, first, side) in enumerate(plan, 1):
                shapes[f'{block}conv{n}'] = (last, first, side, side)
                shapes[f'{block}bn{n}'] = (last,)
            if at == 0 and (group > 1 or size != out):
                shapes[f'{block}downsample.0'] = (out, size, 1, 1)
                shapes[f'{block}downsample.1'] = (out,)
            size = out
    return formula_weights(shapes)


def formula_weights(shapes):
    """Waves; a shape of one axis stands for a batch norm."""
    actual = {}
    for at, (layer, shape) in enumerate(shapes.items()):
        if len(shape) == 4:
            actual[f'{layer}.weight'] = wave(at, shape) * (3 / np.prod(shape[1:])) ** 0.5
            continue
        actual[f'{layer}.weight'] = 1 + 0.3 * wave(at, shape)
        actual[f'{layer}.bias'] = 0.2 * wave(at + 0.5, shape)
        actual[f'{layer}.running_mean'] = 0.2 * wave(at + 0.7, shape)
        actual[f'{layer}.running_var'] = 1 + 0.5 * wave(at + 0.9, shape)
    made = {name: array.astype(np.float32) for name, array in actual.items()}
    return made | {
        f'{layer}.num_batches_tracked': np.array(7)
        for layer, shape in shapes.items()
        if len(shape) == 1
    }


def wave(at, shape):
    return np.sin(0.7 * np.arange(np.prod(shape)) ** 1.1 + at).reshape(shape)
