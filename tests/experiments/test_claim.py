"""The folder of a run belongs to one config."""

import json
import math
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from ml_collections import ConfigDict

from experiments import program
from experiments.program import UsageError, starts
from mtljax import training


@pytest.fixture(autouse=True)
def released():
    yield
    program.holding.close()


def claim(folder, **fields):
    program.claim(folder, ConfigDict({'seed': 0, 'train': {'steps': 5}, **fields}))
    (folder / 'metrics.jsonl').write_text('{"step": 1}\n')


def test_infinity_can_be_started_again_and_nan_is_refused(tmp_path):
    for value in (math.inf, -math.inf, [1.0, math.inf]):
        folder = tmp_path / str(value)
        for _ in range(2):
            claim(folder, limit=value)
    with pytest.raises(UsageError, match='limit: inf there, -inf here'):
        claim(tmp_path / 'inf', limit=-math.inf)
    for value in (math.nan, [0.0, math.nan]):
        with pytest.raises(UsageError, match=r'config\.limit should not be NaN'):
            claim(tmp_path / 'other', limit=value)
    assert not (tmp_path / 'other').exists()
    claim(tmp_path / 'text', name='NaN')


def test_infinity_in_a_folder_of_before(tmp_path):
    claim(tmp_path, limit=math.inf)
    path = tmp_path / 'config.json'
    path.write_text(program.to_json(json.loads(path.read_text())))  # null
    claim(tmp_path, limit=math.inf)


@pytest.mark.parametrize('content', [b'{"seed": 0', b'\x00\xff', b''])
def test_a_damaged_config(tmp_path, content):
    claim(tmp_path)
    (tmp_path / 'config.json').write_bytes(content)
    with pytest.raises(UsageError, match=r'config.json should hold the config.*Remove it'):
        claim(tmp_path)
    (tmp_path / 'config.json').unlink()
    claim(tmp_path)


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / 'run').touch()
    with pytest.raises(UsageError, match='should be a folder that can be written'):
        claim(tmp_path / 'run')


def test_files_that_a_kill_left_are_removed(tmp_path):
    (tmp_path / '.12.partial-config.json').touch()
    claim(tmp_path)
    assert not (tmp_path / '.12.partial-config.json').exists()


def test_every_start_is_recorded(tmp_path, monkeypatch):
    claim(tmp_path)
    path = tmp_path / 'starts.jsonl'
    path.write_bytes(path.read_bytes() + b'{"date": "2')  # an earlier kill
    claim(tmp_path)
    first, part, second = path.read_text().splitlines()
    assert part == '{"date": "2'
    now, then = datetime.now(UTC), datetime.fromisoformat(json.loads(second)['date'])
    assert timedelta(0) <= now - then < timedelta(minutes=1)
    assert json.loads(first)['command'].startswith('python ')
    assert state_of(path) == 'damaged'
    path.write_text(f'{first}\n{second}\n')
    assert state_of(path) == 'whole'


def state_of(path):
    return next(each.state for each in training.verify(path.parent) if each.path == path)


def test_the_commit_of_a_clone(tmp_path, monkeypatch):
    def git(*command):
        name = ('-c', 'user.name=a', '-c', 'user.email=a@b')
        return subprocess.check_output(['git', '-C', tmp_path, *name, *command], text=True).strip()

    monkeypatch.setattr(starts, '_CLONE', tmp_path)
    assert starts._git_state() is None
    git('init', '-q')
    (tmp_path / 'code.py').write_text('a = 1\n')
    git('add', 'code.py')
    git('commit', '-qm', 'First')
    commit = git('rev-parse', 'HEAD')
    assert starts._git_state() == {'commit': commit, 'changed': False}
    (tmp_path / 'code.py').write_text('a = 2\n')
    assert starts._git_state() == {'commit': commit, 'changed': True}
    monkeypatch.setenv('PATH', str(tmp_path))  # without git
    assert starts._git_state() is None
