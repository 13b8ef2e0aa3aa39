"""PyTorch checkpoints, read without PyTorch."""

import io
import struct
import zipfile
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from mtljax.backbones._torch_pickle import Global, load
from mtljax.backbones._torch_tensor import STORAGES, Storage, Tensor

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_WRAPPERS = ('state_dict', 'model')
_ZIP_ERRORS = (zipfile.BadZipFile, EOFError, OSError, OverflowError, RuntimeError, struct.error)


def read_state_dict(path: str | PathLike) -> dict[str, np.ndarray]:
    """The tensors of a PyTorch checkpoint by name. No code in the file is run.

    Both formats of ``torch.save`` are read, from any device. The arrays are read-only views of the
    values in the file. If the dict has an entry ``'state_dict'`` or ``'model'``, its tensors are
    read. The prefix ``'module.'`` of `torch.nn.DataParallel` is removed from the names.

    Args:
      path: The path of the file.

    Raises:
      FileNotFoundError: There is no such file.
      ValueError: The file is not a PyTorch file, is damaged, or holds other objects than dicts of
        tensors.
    """
    content = Path(path).read_bytes()
    try:
        tensors = _unwrapped(_read(content))
        for name, value in tensors.items():
            if value.nbytes > len(content):
                raise ValueError(f'{name[:80]} of shape {value.shape} is larger than the file.')
        return {name: value.array() for name, value in tensors.items()}
    except ValueError as error:
        why = str(error)[:500]  # the message may quote the file
        raise ValueError(f'{path} cannot be read as a PyTorch checkpoint. {why}') from error


class _Storages:
    """The storages that a pickle refers to, by their keys."""

    def __init__(self):
        self.known: dict[str, Storage] = {}

    def __call__(self, key: Any) -> Storage:
        if not isinstance(key, tuple) or len(key) < 5 or key[0] != 'storage' or any(key[5:]):
            raise ValueError('It has a persistent id that is not a storage.')
        _, kind, name, _, numel = key[:5]
        if not isinstance(kind, Global) or kind.name not in STORAGES or not isinstance(name, str):
            raise ValueError('It has a storage without type or key.')
        if type(numel) is not int or not 0 <= numel < 2**48:
            raise ValueError('It has a storage without a size.')
        new = Storage(STORAGES[kind.name], numel)
        known = self.known.setdefault(name, new)
        if (known.dtype, known.numel) != (new.dtype, new.numel):
            raise ValueError(f'Its storage {name[:40]!r} has two types or sizes.')
        return known


def _read(content: bytes) -> Any:
    if content.startswith(b'PK'):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return _read_zip(archive, len(content))
        except _ZIP_ERRORS as error:
            raise ValueError(f'Its zip archive is truncated or damaged: {error}') from error
    return _read_legacy(io.BytesIO(content), len(content))


def _read_zip(archive: zipfile.ZipFile, size: int) -> Any:
    """Read ``NAME/data.pkl`` and the storages ``NAME/data/KEY``, which are not compressed."""
    members = {info.filename: info for info in archive.infolist()}
    packed = any(info.compress_type != zipfile.ZIP_STORED for info in members.values())
    if packed or sum(info.file_size for info in archive.infolist()) > size:
        raise ValueError('Its zip archive is compressed, which PyTorch never writes.')
    roots = [name for name in members if name.count('/') == 1 and name.endswith('/data.pkl')]
    if len(roots) != 1:
        raise ValueError(f'Its zip archive has {len(roots)} entries NAME/data.pkl, not one.')
    root = roots[0].removesuffix('data.pkl')
    if f'{root}byteorder' in members and archive.read(f'{root}byteorder') != b'little':
        raise ValueError('It is not little-endian.')
    storages = _Storages()
    tree = load(io.BytesIO(archive.read(roots[0])), storages)
    for key, storage in storages.known.items():
        if f'{root}data/{key}' not in members:
            raise ValueError(f'It lacks the values of storage {key[:40]!r}.')
        length = members[f'{root}data/{key}'].file_size
        if length != storage.nbytes:
            raise ValueError(
                f'Storage {key[:40]!r} should have {storage.nbytes} bytes. Found {length}.'
            )
        storage.data = archive.read(f'{root}data/{key}')
    return tree


def _read_legacy(stream: io.BytesIO, size: int) -> Any:
    """Read the format before PyTorch 1.6: five pickles, then size and values of each storage."""
    storages = _Storages()
    if load(stream, storages) != _MAGIC:
        raise ValueError('It does not begin like a file of torch.save.')
    version, system = load(stream, storages), load(stream, storages)
    if version != _PROTOCOL or not isinstance(system, dict) or not system.get('little_endian'):
        raise ValueError(f'It should have protocol {_PROTOCOL} and be little-endian.')
    tree, keys = load(stream, storages), load(stream, storages)
    is_valid = isinstance(keys, list) and all(isinstance(key, str) for key in keys)
    if not is_valid or sorted(keys) != sorted(storages.known):
        raise ValueError('It is damaged: its storages are not those of its tensors.')
    for key in keys:
        storage = storages.known[key]
        numel = int.from_bytes(stream.read(8), 'little')
        if numel != storage.numel or size - stream.tell() < storage.nbytes:
            raise ValueError(
                f'Storage {key[:40]!r} of {storage.numel} values is followed by {numel} values in '
                f'{size - stream.tell()} bytes: the file is truncated or damaged.'
            )
        storage.data = stream.read(storage.nbytes)
    return tree


def _unwrapped(tree: Any) -> dict[str, Tensor]:
    for wrapper in _WRAPPERS:
        if isinstance(tree, dict) and isinstance(tree.get(wrapper), dict):
            tree = tree[wrapper]
    if not isinstance(tree, dict) or not tree:
        raise ValueError(f'It holds no dict of tensors. Found {type(tree).__name__}.')
    for name, value in tree.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise ValueError(
                f'It holds no dict of tensors: {str(name)[:80]!r} is {type(value).__name__}.'
            )
    parallel = all(name.startswith('module.') for name in tree)
    return {name.removeprefix('module.') if parallel else name: v for name, v in tree.items()}
