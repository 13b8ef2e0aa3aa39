"""Damage inside of containers that stay valid outside: gzip, zip, tar, ar and PNG."""

import gzip
import io
import lzma
import random
import struct
import zipfile
import zlib
from collections.abc import Mapping

from experiments.fuzz.harness import Damage

_BLOCK = 512
_SUM = slice(148, 156)  # of the header of a tar member
_PNG_HEADER = 8
_BOMB_BLOCK = 1 << 24


def edit_gzip(name: str, content: bytes, rng: random.Random, damage: Damage) -> bytes:
    """Damage what a file holds if its name ends in ``.gz``, and the file itself otherwise."""
    return gzipped(damage(gzip.decompress(content))) if name.endswith('.gz') else damage(content)


def gzipped(content: bytes) -> bytes:
    """Return bytes as a gzip file, which is the same every time."""
    return gzip.compress(content, 1, mtime=0)


def bomb(size: int, start: bytes = b'', fill: bytes = b'\0') -> bytes:
    """Return a small gzip file of many bytes.

    Args:
      size: About the number of bytes that it unpacks to.
      start: Its first bytes.
      fill: The bytes after them, again and again.
    """
    block = gzipped((fill * (_BOMB_BLOCK // len(fill) + 1))[:_BOMB_BLOCK])
    return gzipped(start) + block * (size // _BOMB_BLOCK)


def deflated(size: int, start: bytes = b'', wbits: int = zlib.MAX_WBITS) -> bytes:
    """Return a small zlib stream of many zeros, whose checksum at the end is wrong.

    Args:
      size: About the number of bytes that it unpacks to.
      start: Its first bytes.
      wbits: The kind of the stream; see `zlib.compressobj`.
    """
    packer = zlib.compressobj(1, wbits=wbits)
    first = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(_BOMB_BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + block * (size // _BOMB_BLOCK) + packer.flush()


def zipped(members: Mapping[str, bytes], kind: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip archive, which is the same every time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', kind) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = kind
            archive.writestr(info, content)
    return file.getvalue()


def edit_zip(name: str, content: bytes, rng: random.Random, damage: Damage) -> bytes:
    """Damage, remove or repeat a member of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
        kind = archive.infolist()[0].compress_type
    chosen = rng.choice(list(members))
    if rng.random() < 0.1:
        del members[chosen]
    else:
        members[chosen] = damage(members[chosen])
    return zipped(members, rng.choice((kind, kind, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


def edit_png(name: str, content: bytes, rng: random.Random, damage: Damage) -> bytes:
    """Damage a PNG, and mend the checksums of its chunks. Other files are damaged as they are."""
    if not name.endswith('.png'):
        return damage(content)
    damaged = bytearray(damage(content))
    start = _PNG_HEADER
    while start + 12 <= len(damaged):
        (length,) = struct.unpack_from('>I', damaged, start)
        end = start + 8 + length
        if end + 4 > len(damaged):
            break
        struct.pack_into('>I', damaged, end, zlib.crc32(damaged[start + 4 : end]))
        start = end + 4
    return bytes(damaged)


def mend_tar(content: bytes) -> bytes:
    """Make the checksums of all headers in a tar archive right."""
    mended = bytearray(content)
    for start in range(0, len(content) - _BLOCK + 1, _BLOCK):
        header = mended[start : start + _BLOCK]
        if header[257:262] == b'ustar':
            header[_SUM] = b' ' * 8
            header[_SUM] = b'%06o\0 ' % sum(header)
            mended[start : start + _BLOCK] = header
    return bytes(mended)


def archived(members: Mapping[str, bytes]) -> bytes:
    """Return an ``ar`` archive, such as a Debian package."""
    parts = [b'!<arch>\n']
    for name, content in members.items():
        header = f'{name:16}{0:<12}{0:<6}{0:<6}{"100644":8}{len(content):<10}`\n'
        parts += [header.encode(), content, b'\n' * (len(content) % 2)]
    return b''.join(parts)


def edit_packed(name: str, content: bytes, rng: random.Random, damage: Damage) -> bytes:
    """Damage the tar archive in a ``.tgz`` or ``.deb`` file, or the members of a ``.whl`` file."""
    if name.endswith('.whl'):
        return edit_zip(name, content, rng, damage)
    if name.endswith('.tgz'):
        return gzipped(mend_tar(damage(gzip.decompress(content))))
    start = content.index(b'data.tar')
    size = int(content[start + 48 : start + 58])
    packed = content[start + 60 : start + 60 + size]
    data = lzma.compress(mend_tar(damage(lzma.decompress(packed))), preset=0)
    return archived({'debian-binary': b'2.0\n', 'data.tar.xz': data})
