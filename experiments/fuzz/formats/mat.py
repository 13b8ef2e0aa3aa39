"""MATLAB files with cells."""

import io
import random
import struct
import zlib
from pathlib import Path

import numpy as np
from scipy.io import savemat

from experiments.fuzz.containers import deflated
from experiments.fuzz.formats.tables import read_all
from experiments.fuzz.harness import Case, Damage, Harness, Material
from mtljax import data

_HEADER, _COMPRESSED = 128, 15


def mat() -> Harness:
    """Return the harness of `data.multi_target` on .mat files."""
    tags = tuple(struct.pack('<II', kind, 8) for kind in (1, 2, 5, 6, 7, 9, 12, 13, 14, 15, 16, 18))
    classes = tuple(struct.pack('<II', kind, 0) for kind in (1, 2, 3, 4, 5, 6, 15, 16, 17))
    return Harness('mat', _files, _read, (*tags, *classes, b'X', b'Y'), _edit, starts=True)


def _files() -> Material:
    rng = np.random.default_rng(0)
    x, y = (np.empty((1, 3), object) for _ in 'XY')
    for task in range(3):
        x[0, task], y[0, task] = rng.normal(size=(12, 2)), rng.normal(size=(12, 1))
    seeds = {
        'school.mat': _mat(x, y, False),
        'packed.mat': _mat(x, y, True),
    }
    plain = seeds['school.mat']
    shape = plain.index(struct.pack('<ii', 12, 2))
    large = struct.pack('<ii', 2**30, 2**30)
    hostile = [
        ('school.mat', plain[:shape] + large + plain[shape + 8 :]),
        ('school.mat', plain[:_HEADER] + struct.pack('<II', 14, 2**32 - 1) + plain[136:]),
        ('packed.mat', plain[:_HEADER] + _element(deflated(3 << 30))),
        (
            'packed.mat',
            plain[:_HEADER] + _element(deflated(3 << 30, struct.pack('<II', 14, 2**31))),
        ),
        ('school.mat', b'\x89HDF\r\n\x1a\n' + b'\0' * 600),
        ('school.mat', struct.pack('<5i', 0, 2**30, 2**30, 0, 2) + b'X\0' + b'0' * 64),
    ]
    return Material(seeds, [Case(name, name, content) for name, content in hostile])


def _read(folder: Path, name: str) -> None:
    read_all(data.multi_target(folder / name))


def _mat(x: np.ndarray, y: np.ndarray, packed: bool) -> bytes:
    file = io.BytesIO()
    savemat(file, {'X': x, 'Y': y}, do_compression=packed)
    header = b'MATLAB 5.0 MAT-file'.ljust(124) + struct.pack('<H', 0x0100) + b'IM'
    return header + file.getvalue()[_HEADER:]


def _element(packed: bytes) -> bytes:
    return struct.pack('<II', _COMPRESSED, len(packed)) + packed


def _edit(name: str, content: bytes, rng: random.Random, damage: Damage) -> bytes:
    """Damage the first variable of a file, packed or not, and pack it again."""
    kind, size = struct.unpack_from('<II', content, _HEADER)
    start, end = _HEADER + 8, _HEADER + 8 + size
    inner, rest = content[start:end], content[end:]
    if kind == _COMPRESSED:
        return content[:_HEADER] + _element(zlib.compress(damage(zlib.decompress(inner)))) + rest
    inner = damage(inner)
    return content[:_HEADER] + struct.pack('<II', kind, len(inner)) + inner + rest
