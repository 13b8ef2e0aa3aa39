"""Arrays: the idx files of MNIST, and folders of scenes as .npy files."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from experiments.fuzz.containers import bomb, edit_gzip, gzipped
from experiments.fuzz.formats.tables import read_all
from experiments.fuzz.harness import Case, Harness, Material, WrongValueError
from mtljax import data
from mtljax.data._reading.idx import read_idx

_SHAPE = (4, 6)
_SCENES = {'train': 4, 'val': 2}
_NAMES = ('00.npy', '-1.npy', '1_0.npy', '٣.npy', '²2.npy', '0.NPY', '9.npy', '.0.npy', '0 .npy')
_LARGE_NAMES = ('10000000000.npy', '1' * 200 + '.npy', '2000000000.npy')


def idx() -> Harness:
    """Return the harness of the reader of idx files."""
    tokens = (b'\0\0\x08\x01', b'\0\0\x08\x03', b'\0\0\x0d\x03', b'\xff\xff\xff\xff', b'\x80\0\0\0')
    return Harness('idx', _idx_files, _read_idx, tokens, edit_gzip)


def npy() -> Harness:
    """Return the harness of `data.nyuv2`: an array of a scene is damaged, or has another name."""
    tokens = (b"'descr'", b"'<f4'", b"'|O'", b"'<U9'", b"'<f2'", b"'>f8'", b"'|V0'", b"'|S0'")
    more = (b'True', b'(4, 6, 3)', b'(0,)', b'()', b"[('a', '<f4')]", b'{', b'}', b'(', b'\n', b'#')
    orders = (b'\x93NUMPY\x01\0', b'\x93NUMPY\x02\0', b'\x93NUMPY\x03\0', b'L', b'--', b'*', b'**')
    names = (*_NAMES, *_LARGE_NAMES)
    return Harness('npy', _npy_files, _read_npy, (*tokens, *more, *orders), names=names, whole=True)


def _idx_files() -> Material:
    labels = struct.pack('>BBBBI', 0, 0, 8, 1, 50) + bytes(range(50))
    images = struct.pack('>BBBBIII', 0, 0, 8, 3, 5, 4, 3) + bytes(range(60))
    seeds = {'labels.idx1': labels, 'images.idx3': images}
    seeds |= {f'{name}.gz': gzipped(content) for name, content in seeds.items()}
    large = struct.pack('>BBBBIII', 0, 0, 8, 3, 3 << 10, 1 << 10, 1 << 10)
    hostile = [
        ('images.idx3.gz', bomb(1 << 26, images)),
        ('images.idx3.gz', bomb(1 << 26, large)),
        ('images.idx3', struct.pack('>BBBBIII', 0, 0, 8, 3, *[2**32 - 1] * 3) + b'0'),
        ('images.idx3', struct.pack('>BBBBIII', 0, 0, 8, 3, 1, 2**31, 2**31) + b'0'),
        ('images.idx3', struct.pack('>BBBBIII', 0, 0, 8, 3, 0, 2**32 - 1, 2**32 - 1)),
        ('images.idx3', struct.pack('>BBBBIII', 0, 0, 8, 3, 2**32 - 1, 0, 5)),
    ]
    return Material(seeds, [Case(name, name, content) for name, content in hostile])


def _read_idx(folder: Path, name: str) -> None:
    array = read_idx(folder / name, 1 if '.idx1' in name else 3)
    if not name.endswith('.gz') and array.tobytes() not in (folder / name).read_bytes():
        raise WrongValueError('The array is not in the file.')


def array_file(array: np.ndarray) -> bytes:
    """Return an array as the content of a .npy file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


def header_file(header: str, rest: bytes = b'', version: int = 1) -> bytes:
    """Return a .npy file with any header."""
    text = header.encode('latin1') + b'\n'
    size = struct.pack('<H' if version == 1 else '<I', len(text) % (1 << 16 * version))
    return b'\x93NUMPY' + bytes([version, 0]) + size + text + rest


def _npy_files() -> Material:
    seeds = dict(_scenes())
    shape = "'descr': '<f4', 'fortran_order': False, 'shape'"
    headers = [
        f'{{{shape}: (4, 6, {10**12})}}',
        f'{{{shape}: ({2**63}, 1)}}',
        f'{{{shape}: (-1, -1)}}',
        f'{{{shape}: ({2**40}, 0)}}',
        f'{{{shape}: (4, 6, 3)}}' + ' ' * 60_000,
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|V0', 'fortran_order': False, 'shape': (4, 6, 3)}",
        "{'descr': '<U1000000000', 'fortran_order': False, 'shape': (9,)}",
        '(' * 9_000,
        '{' + '[' * 9_000,
        '-' * 9_000 + '1',
        '1' * 9_900,
    ]
    contents = [header_file(header, b'0' * 64) for header in headers]
    contents += [header_file('{' + '1,' * 50_000, version=2), header_file('(' * 100_000, version=3)]
    first = next(iter(seeds))
    hostile = [Case(first, first, content) for content in contents]
    hostile += [Case(first, f'train/image/{name}', seeds[first]) for name in _NAMES + _LARGE_NAMES]
    return Material(seeds, hostile)


def _scenes() -> Iterator[tuple[str, bytes]]:
    for part, count in _SCENES.items():
        for number in range(count):
            rng = np.random.default_rng(number)
            arrays = {
                'image': rng.random((*_SHAPE, 3), np.float32),
                'label': rng.integers(-1, 13, _SHAPE).astype(np.int32),
                'depth': rng.random((*_SHAPE, 1)),
                'normal': rng.normal(size=(*_SHAPE, 3)).astype(np.float16),
            }
            for kind, array in arrays.items():
                yield f'{part}/{kind}/{number}.npy', array_file(array)


def _read_npy(folder: Path, name: str) -> None:
    read_all(data.nyuv2(folder, validation=0.25))
