"""Files are written whole, and a folder is used by one run at a time."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mtljax import files

HOLD = """
import sys, time
from pathlib import Path
from mtljax.files import locked
with locked(Path(sys.argv[1])):
    print('held', flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock of a folder."""
    environment = {name: value for name, value in os.environ.items() if name != 'MTLJAX_LOCKED'}
    command = [sys.executable, '-c', HOLD, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout.readline() == 'held\n'
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path, other):
    refused = pytest.raises(files.LockedError, match=rf'process {other.pid} on .*Wait until')
    with refused, files.locked(tmp_path):
        pass
    other.kill()  # nobody has waited for it yet
    time.sleep(0.2)
    with files.locked(tmp_path):
        owner = json.loads((tmp_path / '.lock').read_text())
        assert owner['process'] == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_the_process_and_its_children_may_take_it_again(tmp_path):
    code = 'import sys, pathlib; from mtljax.files import locked\n'
    code += 'with locked(pathlib.Path(sys.argv[1])): pass'
    with files.locked(tmp_path):
        with files.locked(tmp_path):
            subprocess.run([sys.executable, '-c', code, str(tmp_path)], check=True)
        assert (tmp_path / '.lock').exists()
    assert not (tmp_path / '.lock').exists()


@pytest.mark.parametrize(('age', 'free'), [(60, False), (200, True)])
def test_a_process_on_another_host(tmp_path, age, free):
    path = tmp_path / '.lock'
    owner = {'host': 'elsewhere', 'process': 1, 'started': '5', 'since': '2026-01-01 00:00:00'}
    path.write_text(json.dumps(owner))
    os.utime(path, (time.time() - age, time.time() - age))
    if free:
        with files.locked(tmp_path):
            assert json.loads(path.read_text())['host'] == socket.gethostname()
    else:
        refused = pytest.raises(files.LockedError, match='process 1 on elsewhere')
        with refused, files.locked(tmp_path):
            pass
        assert json.loads(path.read_text()) == owner


def test_a_process_number_that_was_used_again(tmp_path):
    owner = {'host': socket.gethostname(), 'process': os.getpid(), 'started': '1', 'since': ''}
    (tmp_path / '.lock').write_text(json.dumps(owner))
    with files.locked(tmp_path):
        pass


@pytest.mark.parametrize('content', [b'', b'{', b'\xff', b'5', b'{"host": "x"}'])
def test_a_damaged_lock_is_free_after_a_while(tmp_path, content):
    lock = tmp_path / '.lock'
    lock.write_bytes(content)
    with pytest.raises(files.LockedError, match='Found a damaged file'), files.locked(tmp_path):
        pass
    os.utime(lock, (time.time() - 200,) * 2)
    with files.locked(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_of_another_container_of_this_host(tmp_path):
    lock = tmp_path / '.lock'
    owner = {'host': socket.gethostname(), 'process': 2**22 + 1, 'started': '1', 'since': 'today'}
    lock.write_text(json.dumps(owner | {'space': 'pid:[1]'}))
    with pytest.raises(files.LockedError, match='since today'), files.locked(tmp_path):
        pass
    os.utime(lock, (time.time() - 200,) * 2)
    with files.locked(tmp_path):
        pass


def test_a_folder_with_a_colon(tmp_path):
    (tmp_path / 'a').mkdir()
    with files.locked(tmp_path / 'a:b'), files.locked(tmp_path / 'a:b'):
        with files.locked(tmp_path / 'a'):
            assert (tmp_path / 'a' / '.lock').exists()
        assert (tmp_path / 'a:b' / '.lock').exists()
    assert not list(tmp_path.rglob('.lock'))


def test_partial_files_are_removed_and_others_stay(tmp_path):
    kept = ['run.json', '.hidden', 'partial']
    for name in [*kept, '.run.json.12.partial', '.12.partial-run.json']:
        (tmp_path / name).touch()
    files.remove_partial_files(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_folder_that_a_user_names(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    assert files.local_folder('~/run') == tmp_path / 'run'
    for name in ('~nobody-here', 'a~b', 'C:', 'a:b'):
        assert str(files.local_folder(name)) == name
    for name in ('gs://bucket/run', 's3://bucket', Path('gs://bucket/run')):
        with pytest.raises(ValueError, match='disk of this computer'):
            files.local_folder(name)


def test_an_error_leaves_no_folder(tmp_path):
    with pytest.raises(ZeroDivisionError), files.new_folder(tmp_path / 'both') as folder:
        files.write_text(folder / 'a.txt', 'first')
        1 / 0  # noqa: B018
    assert not list(tmp_path.iterdir())
    (tmp_path / 'both').symlink_to('nowhere')
    with pytest.raises(ValueError, match='There should be nothing at'):
        files.check_free(tmp_path / 'both')
