"""The file of an exported model: a zip file of four members, with checksums."""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtljax.files import write_bytes
from mtljax.tracing import free_memory

FORMAT = 1  # of the file; a newer version of mtljax may write a larger number
PROGRAM, WEIGHTS, SCHEMA = 'program.bin', 'weights.safetensors', 'schema.json'
_MANIFEST, _LARGEST = 'manifest.json', 1 << 24
_TIME = (1980, 1, 1, 0, 0, 0)  # so that the same model gives the same file
_BROKEN = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error),
    *(NotImplementedError, RuntimeError, RecursionError, OverflowError),
)


def write_archive(
    path: Path, manifest: Mapping[str, Any], members: Mapping[str, bytes]
) -> dict[str, Any]:
    """Write a model: its manifest with the checksums of all other members, and these members.

    Args:
      path: The path of the file. An existing file is replaced.
      manifest: What the manifest says, as JSON types.
      members: The content of each other member.

    Returns:
      The whole manifest.
    """
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    whole = {'format': FORMAT, **manifest, 'checksums': sums}
    text = json.dumps(whole, indent=2) + '\n'
    content = io.BytesIO()
    with zipfile.ZipFile(content, 'w') as file:
        for name, member in {_MANIFEST: text.encode(), **members}.items():
            file.writestr(zipfile.ZipInfo(name, _TIME), member)
    write_bytes(path, content.getvalue())
    return whole


def read_archive(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read a model: its manifest and its other members. Nothing in the file is run.

    Raises:
      FileNotFoundError: There is no such file.
      ValueError: The file is no model, is damaged, does not fit the free memory, or a newer version
        of mtljax wrote it.
    """
    try:
        with zipfile.ZipFile(path) as file:
            manifest = json.loads(_member(file, _MANIFEST, _LARGEST))
            number = manifest['format']
            if not isinstance(number, int) or number > FORMAT:
                raise ValueError(
                    f'a format above {FORMAT}, {number!r:.50}. Use a newer version of mtljax'
                )
            most = free_memory() or 1 << 62
            members = {name: _member(file, name, most) for name in manifest['checksums']}
        for name, content in members.items():
            if hashlib.sha256(content).hexdigest() != manifest['checksums'][name]:
                raise ValueError(f'another checksum of {name!r:.50}: the file is damaged')
    except FileNotFoundError:
        raise
    except _BROKEN as error:
        raise ValueError(
            f'{path} should be a whole model that mtljax exported. Found {error!s:.300}.'
        ) from error
    return manifest, members


def _member(file: zipfile.ZipFile, name: str, most: int) -> bytes:
    info = file.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED or info.file_size > most:
        raise ValueError(f'a member {name!r:.50} that is compressed or too large')
    return file.read(info)
