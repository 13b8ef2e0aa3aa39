"""Exported models, the schema of a table, and arrays of a user."""

import functools
import hashlib
import io
import json
import random
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from experiments.fuzz.containers import edit_zip, zipped
from experiments.fuzz.formats.arrays import array_file
from experiments.fuzz.formats.json_text import DEPTH, TOKENS, edit_json
from experiments.fuzz.harness import Case, Damage, Harness, Material, WrongValueError
from mtljax import backbones, data, serving, sharing, training
from mtljax.data._table.bins import Bins
from mtljax.data._table.categories import Categories
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.transforms import Log1p
from mtljax.files import with_checksum, write_bytes

_LINES = (b'%d,%c,%d,%d\n' % (n, 97 + n % 3, n, n % 2) for n in range(30))
_TABLE = b'size,kind,price,sold\n' + b''.join(_LINES)
_ROWS = {'size': [1.5, None], 'kind': ['a', 'new']}
_JSON = ('manifest.json', 'schema.json')
_LARGE = 1 << 40


def schema() -> Harness:
    """Return the harness of `data.Schema.from_json`."""
    return Harness('schema', _schemas, _read_schema, TOKENS, _edit_schema)


def model() -> Harness:
    """Return the harness of `serving.load`."""
    tokens = (b'PK\x03\x04', b'PK\x01\x02', b'PK\x05\x06', b'\x08\0', b'F32', b'"data_offsets"')
    return Harness('model', _models, _read_model, (*tokens, *TOKENS), _edit_model)


def npz() -> Harness:
    """Return the harness of `data.read_arrays`."""
    tokens = (b"'descr'", b"'<f4'", b"'|O'", b'(4, 6)', b'PK\x03\x04', b'PK\x01\x02', b'\x08\0')
    return Harness('npz', _arrays, _read_arrays, tokens, edit_zip)


@functools.cache
def _dataset() -> data.Schema:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / 'table.csv'
        write_bytes(path, _TABLE)
        return data.Schema.from_json(data.csv(path, ['price', 'sold']).schema)


def _schemas() -> Material:
    contents = {'schema.json': _dataset().to_json(), 'loader/schema.json': _of_loader().to_json()}
    contents['text/schema.json'] = data.TextSchema(('to', 'be', 'or'), 4).to_json()
    seeds = {name: json.dumps(with_checksum(each)).encode() for name, each in contents.items()}
    texts = ['[' * DEPTH, '[]', '1', 'null', '{}', '{"format": 1}', '{"format": 9}']
    return Material(
        seeds,
        [Case('schema.json', 'schema.json', text.encode()) for text in texts],
    )


def _of_loader() -> data.Schema:
    """Return a schema with what only loaders use."""
    contents = {
        'age': Bins((18, 65), (0, 1, -1)),
        'pay': Numbers(1.5, 0.5, 0.0, 9.0, transform=Log1p()),
        'kind': Categories(('a', 'b')),
    }
    inputs = [data.Column(name, False, ('',), 0.0, each) for name, each in contents.items()]
    sold = data.Column('sold', True, ('',), 0.0, Categories(('n', 'y')))
    return data.Schema((sold,), tuple(inputs), hidden=(8,))


def _edit_schema(name: str, content: bytes, rng: random.Random, damage: Damage) -> bytes:
    """Damage a schema; half of the time, give it a checksum that fits."""
    damaged = edit_json(name, content, rng, damage)
    try:
        tree = json.loads(damaged)
    except (ValueError, RecursionError):
        return damaged
    fits = isinstance(tree, dict) and rng.random() < 0.5
    return json.dumps(with_checksum(tree)).encode() if fits else damaged


def _read_schema(folder: Path, name: str) -> None:
    read = training.read_schema((folder / name).parent)
    if read is None:
        raise WrongValueError('The schema is there.')
    if isinstance(read, data.Schema):
        _use(read)
    elif read.encode(data.words_of('To be')).tolist() != [*map(_number(read), ('to', 'be'))]:
        raise WrongValueError('The words should have their numbers.')


def _number(read: data.TextSchema) -> Callable[[str], int]:
    return lambda word: read.words.index(word) + 1 if word in read.words else 0


def _use(read: data.Schema) -> None:
    read.encode({column.name: ['', '1'] for column in read.inputs})
    read.labels({column.name: ['', '1'] for column in read.targets})
    if read.tasks.keys() != {column.name for column in read.targets}:
        raise WrongValueError('Every target should be a task.')


def _models() -> Material:
    read = _dataset()
    inputs, tasks = read.encode(_ROWS).inputs, read.tasks
    heads = {name: task.head for name, task in tasks.items()}
    network = sharing.hard(backbones.tabular(**read.options, widths=(4,)), heads)
    variables = network.init(jax.random.key(0), inputs)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / 'model.zip'
        serving.export(path, network, tasks, variables, inputs, schema=read)
        content = path.read_bytes()
    members = _members(content)
    hostile = [
        zipped(members, zipfile.ZIP_DEFLATED),
        zipped({**members, '../outside': b'x'}),
        zipped({str(number): b'' for number in range(20_000)}),
        zipped({'manifest.json': b' ' * 20_000_000}),
        *(zipped({**members, 'manifest.json': text}) for text in (b'[' * DEPTH, b'{}', b'')),
    ]
    cases = [Case('model.zip', 'model.zip', each) for each in hostile]
    return Material({'model.zip': content}, cases)


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def _edit_model(name: str, content: bytes, rng: random.Random, damage: Damage) -> bytes:
    """Damage a member; half of the time, give a damaged JSON file a checksum that fits."""
    if rng.random() < 0.3:
        return edit_zip(name, content, rng, damage)
    members = _members(content)
    chosen = rng.choice(_JSON)
    members[chosen] = edit_json(chosen, members[chosen], rng, damage)
    if chosen == 'schema.json' and rng.random() < 0.5:
        manifest = json.loads(members['manifest.json'])
        manifest['checksums'][chosen] = hashlib.sha256(members[chosen]).hexdigest()
        members['manifest.json'] = json.dumps(manifest).encode()
    return zipped(members)


def _read_model(folder: Path, name: str) -> None:
    read = serving.load(folder / name)
    if read.schema is not None:
        _use(read.schema)


def _arrays() -> Material:
    arrays = {'a.npy': array_file(np.arange(24.0).reshape(4, 6)), 'b.npy': array_file(np.arange(4))}
    seeds = {
        'stored.npz': zipped(arrays),
        'deflated.npz': zipped(arrays, zipfile.ZIP_DEFLATED),
    }
    header = b"\x93NUMPY\x01\0\x76\0{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }"
    large = (header % _LARGE).ljust(127) + b'\n'
    hostile = [
        zipped({'a.npy': large}),
        zipped({'a.npy': bytes(300_000_000)}, zipfile.ZIP_DEFLATED),
        zipped({'a.npy': large + bytes(1 << 20)}, zipfile.ZIP_DEFLATED),
        zipped({str(number): b'' for number in range(20_000)}),
        zipped({}),
    ]
    return Material(seeds, [Case('stored.npz', 'stored.npz', content) for content in hostile])


def _read_arrays(folder: Path, name: str) -> None:
    for key, array in data.read_arrays(folder / name).items():
        if array.dtype.hasobject:
            raise WrongValueError(f'The array {key} should hold numbers.')
