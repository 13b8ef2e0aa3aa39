"""PyTorch files read without PyTorch, and files that are refused."""

import os
import pickle
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from mtljax.backbones._torch_file import read_state_dict
from tests.backbones import torch_files
from tests.backbones.torch_files import MAGIC, Call, Name, Storage, emit, pickled, view, write_zip

DATA = Path(__file__).parents[1] / 'fixtures'
FLOATS = Storage('FloatStorage', '0', 6)
VALUES = {'0': np.arange(6, dtype=np.float32)}
WRITE = {'zip': torch_files.write_zip, 'legacy': torch_files.write_legacy}


@pytest.fixture(params=WRITE)
def write(request, tmp_path):
    """A function that writes a file in one of the two formats and returns its path."""

    def written(tree, storages=VALUES):
        WRITE[request.param](tmp_path / 'net.pth', tree, storages)
        return tmp_path / 'net.pth'

    return written


@pytest.mark.parametrize('kind', WRITE)
def test_files_that_torch_wrote(kind):
    """Written by torch 2.13 on x86, the zip file under ``{'state_dict': ...}``.

    ``base = torch.arange(6).reshape(2, 3) - 2`` in every dtype; ``strided`` is ``arange(12)``, of
    shape (3, 4), transposed, rows 1 and 2; ``expanded`` is one number with strides 0.
    ``torch.save(tensors, 'torch_zip.pth')``, and ``'torch_legacy.pth'`` with
    ``_use_new_zipfile_serialization=False``.
    """
    actual = read_state_dict(DATA / f'torch_{kind}.pth')
    base = np.arange(6).reshape(2, 3) - 2
    dtypes = {
        'half': np.float16,
        'brain': jnp.bfloat16,
        'float': np.float32,
        'double': np.float64,
        'long': np.int64,
        'int': np.int32,
        'short': np.int16,
        'char': np.int8,
        'complex': np.complex64,
        'tied': np.float32,
    }
    expected = {name: base.astype(dtype) for name, dtype in dtypes.items()} | {
        'byte': np.arange(6, dtype=np.uint8).reshape(2, 3),
        'bool': base > 0,
        'strided': np.arange(12, dtype=np.float32).reshape(3, 4).T[1:3],
        'parameter': (base / 2).astype(np.float32),
        'scalar': np.float32(2.5),
        'empty': np.zeros((0, 3), np.float32),
        'expanded': np.ones((2, 3), np.float32),
    }
    expected |= {'word': np.arange(3, dtype=np.uint16)} if kind == 'zip' else {}
    assert set(actual) == set(expected)
    for name, array in expected.items():
        assert (actual[name].dtype, actual[name].shape) == (array.dtype, array.shape), name
        np.testing.assert_array_equal(actual[name], array, err_msg=name)
    assert np.shares_memory(actual['float'], actual['tied'])
    assert not actual['float'].flags.writeable


def test_a_file_that_would_run_code_is_refused_and_does_not(write, tmp_path):
    trap = tmp_path / 'trap'
    tensors = {'w': view(FLOATS, 0, (6,), (1,))}
    for name, tree in {
        'posix.system': Call(Name('posix', 'system'), (f'touch {trap}',)),
        'builtins.eval': tensors | {'x': Call(Name('builtins', 'eval'), ('1',))},
        'torch._utils._import_dotted_name': Name('torch._utils', '_import_dotted_name'),
        'torch.load': [Call(Name('torch', 'load'), (str(trap),))],
    }.items():
        with pytest.raises(ValueError, match=rf"net.pth cannot be read.*refers to '{name}'"):
            read_state_dict(write(tree))
    assert not trap.exists()


def test_what_only_an_unpickler_would_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / 'trap'),)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        (tmp_path / 'net.pth').write_bytes(pickle.dumps(Trap(), protocol))
        with pytest.raises(ValueError, match=r'refers to .*mkdir'):
            read_state_dict(tmp_path / 'net.pth')
    assert not (tmp_path / 'trap').exists()


HUGE = 2**40
DAMAGED = {
    'offset': (view(FLOATS, 5, (2,), (1,)), 'reaches outside its storage of 6 values: offset 5'),
    'strides': (view(FLOATS, 0, (2, 2), (5, 1)), r'outside.*strides \(5, 1\)'),
    'shape': (view(FLOATS, 0, (7,), (1,)), r'outside.*shape \(7,\)'),
    'empty far out': (view(FLOATS, HUGE, (0,), (1,)), 'outside'),
    'negative offset': (view(FLOATS, -1, (2,), (1,)), 'not whole numbers >= 0'),
    'negative strides': (view(FLOATS, 5, (2,), (-1,)), 'not whole numbers >= 0'),
    'booleans': (view(FLOATS, 0, (True,), (1,)), 'not whole numbers >= 0'),
    'axes': (view(FLOATS, 0, (1,) * 40, (1,) * 40), '40 axes'),
    'unequal': (view(FLOATS, 0, (2, 3), (1,)), '2 axes with other strides'),
    'expanded beyond reason': (view(FLOATS, 0, (HUGE, 2**20), (0, 0)), 'larger than the file'),
    'more values': (view(Storage('FloatStorage', '0', 7), 0, (7,), (1,)), "[Ss]torage '0'"),
    'most values': (view(Storage('FloatStorage', '0', HUGE), 0, (2,), (1,)), "[Ss]torage '0'"),
    'count of values': (view(Storage('FloatStorage', '0', -1), 0, (0,), (1,)), 'without a size'),
    'no values': (view(Storage('FloatStorage', '1', 6), 0, (6,), (1,)), 'storage'),
    'quantised': (view(Storage('QInt8Storage', '0', 6), 0, (6,), (1,)), 'QInt8Storage'),
    'key': ({(1, 2): 3}, 'tuple where'),
    'call': (Call('text', ()), 'str where'),
    'arguments': (Call(Name('torch._utils', '_rebuild_tensor_v2'), (FLOATS,)), 'with 1 arguments'),
    'negated': (
        Call(
            Name('torch._utils', '_rebuild_tensor_v2'),
            (FLOATS, 0, (6,), (1,), False, {}, {'neg': True}),
        ),
        'negated or conjugated',
    ),
    'ordered': (Call(Name('collections', 'OrderedDict'), ([],)), 'calls'),
}


@pytest.mark.parametrize(('value', 'match'), DAMAGED.values(), ids=DAMAGED)
def test_damaged_files_are_refused(write, value, match):
    with pytest.raises(ValueError, match=rf'(?s)net.pth cannot be read.*{match}'):
        read_state_dict(write({'w': value}))


@pytest.mark.parametrize(
    ('tree', 'match'),
    [
        ({'w': 5}, "'w' is int"),
        ({}, 'no dict of tensors. Found dict'),
        ([1], 'Found list'),
        (b'0', 'POP'),
        (b'', 'damaged'),
    ],
)
def test_trees_without_tensors(write, tree, match):
    with pytest.raises(ValueError, match=match):
        read_state_dict(write(tree, {}))


@pytest.mark.parametrize('kind', WRITE)
def test_every_damage_is_an_error_of_one_kind(kind, tmp_path):
    """Cut anywhere; bytes changed anywhere (which may leave values that are read)."""
    whole = (DATA / f'torch_{kind}.pth').read_bytes()
    path = tmp_path / 'net.pth'
    for end in range(0, len(whole), 61):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r'net.pth cannot be read'):
            read_state_dict(path)
    rng = np.random.default_rng(0)
    refused = 0
    for at in rng.integers(len(whole), size=400):
        path.write_bytes(whole[:at] + rng.bytes(1) + whole[at + 1 :])
        try:
            actual = read_state_dict(path)
        except ValueError:
            refused += 1
        else:
            assert sum(array.nbytes for array in actual.values()) < 2 * len(whole)
    assert refused > 100
    with pytest.raises(FileNotFoundError):
        read_state_dict(tmp_path / 'absent.pth')


def test_compressed_archives_are_refused(tmp_path):
    """A few bytes may unpack to any number."""
    path = tmp_path / 'net.pth'
    tree = {'w': view(Storage('FloatStorage', '0', 2**20), 0, (2,), (1,))}
    values = {'0': np.zeros(2**20, np.float32)}
    torch_files.write_zip(path, tree, values, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 2**14
    with pytest.raises(ValueError, match='archive is compressed'):
        read_state_dict(path)
    torch_files.write_zip(path, tree, {'0': np.zeros(1, np.float32)})
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b'PK\x01\x02', 0, raw.index(b'any/data/0', raw.index(b'PK\x01\x02')))
    raw[at + 20 : at + 28] = struct.pack('<II', 2**22, 2**22)  # the directory says 4 MiB
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r'net.pth cannot be read'):
        read_state_dict(path)


def test_recursion_and_large_integers(write):
    """Structures that hold themselves or double at each step cost nothing."""
    doubling = emit('w') + b''.join(
        b'q' + bytes([n]) + b'h' + bytes([n]) + b'\x86' for n in range(90)
    )
    for tree in (b']q\x00h\x00a', b'}q\x00' + emit('state_dict') + b'h\x00s', doubling):
        with pytest.raises(ValueError, match='no dict of tensors'):
            read_state_dict(write(tree, {}))
    with pytest.raises(ValueError, match='not enough data'):
        read_state_dict(write(b'\x8b\xff\xff\xff\x7f', {}))


SIX = struct.pack('<q', 6) + np.arange(6, dtype=np.float32).tobytes()


def old_format(tree, keys=(), content=b''):
    """A file in the format before PyTorch 1.6, from the opcodes of its tree."""
    head = b''.join(pickled(part) for part in (MAGIC, 1001, {'little_endian': True}))
    return head + b'\x80\x02' + tree + b'.' + pickled(list(keys)) + content


def with_metadata(times):
    """Metadata that are doubled: a pair of a pair of a pair, with 2 ** times entries in all."""
    doubled = emit('w') + b''.join(
        b'q' + bytes([i]) + b'h' + bytes([i]) + b'\x86' for i in range(times)
    )
    view_of = emit(FLOATS) + emit(0) + emit((6,)) + emit((1,)) + emit(False)
    arguments = b'(' + view_of + b'}}' + emit('neg') + doubled + b'st'
    call = emit(Name('torch._utils', '_rebuild_tensor_v2')) + arguments
    return old_format(b'}' + emit('w') + call + b'Rs', ['0'], SIX)


def with_keys(count):
    """Keys that all have the same hash."""
    step = (1 << 61) - 1
    items = b''.join(emit(i * step) + b'N' for i in range(1, count + 1))
    return old_format(b'}(' + items + b'u')


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (with_metadata(40), 'a view that is negated or conjugated'),
        (with_keys(20_000), 'a dict whose keys are very large numbers'),
        (old_format(b'(' + b']' * 600_000 + b't'), 'more than 500000 opcodes'),
        (
            old_format(emit({'w': view(FLOATS, 0, (0, 2**62), (1, 1))}), ['0'], SIX),
            'a tensor of 4611686018427387904 entries along an axis',
        ),
    ],
)
def test_files_that_ask_for_too_much(tmp_path, content, said):
    path = tmp_path / 'a.pth'
    path.write_bytes(content)
    start = time.process_time()
    with pytest.raises(ValueError, match=said) as raised:
        read_state_dict(path)
    assert len(str(raised.value)) < 600
    assert time.process_time() - start < 10


@pytest.mark.parametrize(('shape', 'stride'), [((1,), 2**62), ((0,), 2**62), ((1,), 2**61)])
def test_the_stride_of_a_short_axis_may_be_any_number(tmp_path, shape, stride):
    path = tmp_path / 'a.pth'
    path.write_bytes(old_format(emit({'w': view(FLOATS, 0, shape, (stride,))}), ['0'], SIX))
    assert read_state_dict(path)['w'].tolist() == [0.0][: shape[0]]


def test_many_views_of_one_storage_share_its_memory(tmp_path):
    path = tmp_path / 'a.pth'
    storage = Storage('BoolStorage', '0', 1_000_000)
    views = {f'k{i}': view(storage, 0, (1_000_000,), (1,)) for i in range(50)}
    write_zip(path, views, {'0': np.ones(1_000_000, np.bool_)})
    tracemalloc.start()
    found = read_state_dict(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 50
    assert all(array.all() for array in found.values())
    assert peak < 10 * 2**20
