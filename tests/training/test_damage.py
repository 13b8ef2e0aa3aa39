"""Files of a run that a kill, a bad disk or a copy has damaged."""

import json
import os
import random
import shutil
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import files, training
from mtljax.training._best_state import BestState
from mtljax.training._logging import Log
from tests.helpers import assert_same, sampled

LIKE = {'w': jnp.zeros((3, 4)), 'n': {'count': jnp.zeros((), jnp.int32)}, 'key': jax.random.key(0)}


def state_of(step):
    rng = np.random.default_rng(step)
    values = jnp.asarray(rng.normal(size=(3, 4)).astype(np.float32))
    return {'w': values, 'n': {'count': jnp.array(step, jnp.int32)}, 'key': jax.random.key(step)}


def save(folder, steps, score=float):
    checkpoints = training.Checkpoints(folder)
    for step in steps:
        checkpoints.save(step, state_of(step), {'step': step}, score(step))
    checkpoints.close()


def restore(folder, step=None):
    checkpoints = training.Checkpoints(folder)
    try:
        return checkpoints.restore(LIKE, step)
    finally:
        checkpoints.close()


@pytest.fixture(scope='module')
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp('saved')
    save(folder, [10, 20])
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    shutil.copytree(saved, tmp_path / 'checkpoints')
    return tmp_path / 'checkpoints'


def flip(path, chance):
    whole = bytearray(path.read_bytes())
    whole[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
    path.write_bytes(whole)


def files_of(folder):
    return sorted(path for path in folder.rglob('*') if path.is_file() and path.stat().st_size)


@pytest.mark.parametrize('seed', sampled(range(4), [0]))
def test_a_wrong_bit_is_noticed_and_the_checkpoint_before_is_used(folder, seed, caplog):
    chance = random.Random(seed)
    newest = folder / '20'
    for path in files_of(newest):
        kept = path.read_bytes()
        flip(path, chance)
        caplog.clear()
        state, progress = restore(folder)
        assert_same(state, state_of(progress['step']))
        aside = folder / 'damaged' / '20'
        assert aside.exists() == (progress['step'] == 10)
        if aside.exists():
            (line,) = [r.getMessage() for r in caplog.records if 'no whole' in r.getMessage()]
            assert str(newest) in line
            aside.rename(newest)
        path.write_bytes(kept)
    assert restore(folder)[1] == {'step': 20}


def test_a_single_damaged_checkpoint_stays_where_it_is(folder):
    shutil.rmtree(folder / '10')
    (folder / '20' / 'state' / 'manifest.ocdbt').write_bytes(b'')
    for _ in range(2):
        with pytest.raises(ValueError, match=r'20/state/manifest.ocdbt is damaged: its checksum'):
            restore(folder)
    assert (folder / '20').exists()


@pytest.mark.parametrize('kind', ['only state', 'empty', 'no metadata', 'no checks'])
def test_a_deletion_that_a_kill_cut_short(folder, kind):
    old = folder / '10'
    gone = {
        'only state': [path for path in old.iterdir() if path.name != 'state'],
        'empty': list(old.iterdir()),
        'no metadata': [old / '_CHECKPOINT_METADATA'],
        'no checks': [old / 'checks'],
    }[kind]
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert restore(folder)[1] == {'step': 20}
    save(folder, [30])
    assert restore(folder)[1] == {'step': 30}


def test_deleted_checkpoints_leave_nothing(tmp_path):
    save(tmp_path, [1, 2, 3, 4], score=lambda step: -step)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['1', '3', '4']
    (tmp_path / 'deleted' / '2').mkdir(parents=True)  # a kill before the files were deleted
    assert restore(tmp_path)[1] == {'step': 4}
    assert not (tmp_path / 'deleted').exists()


def test_a_checkpoint_that_is_damaged_while_it_is_written_is_set_aside(tmp_path, monkeypatch):
    from mtljax.training import _checkpoint_files

    def damaged(path, like):
        raise _checkpoint_files.DamagedError(f'{path} is damaged.')

    save(tmp_path, [1])
    monkeypatch.setattr(_checkpoint_files, 'read', damaged)
    save(tmp_path, [2])
    monkeypatch.undo()
    assert restore(tmp_path)[1] == {'step': 1}
    assert (tmp_path / 'damaged' / '2').exists()


def test_a_newer_format_is_refused(folder):
    path = folder / '20' / 'checks' / 'metadata'
    content = json.loads(path.read_text()) | {'format': 99}
    content.pop('sum')
    path.write_text(json.dumps(files.with_checksum(content)))
    (folder / '20' / 'sums.json').unlink()
    with pytest.raises(ValueError, match=r'should be at most 1. Found 99'):
        restore(folder)
    assert (folder / '20').exists()


def test_the_state_of_the_best_evaluation_is_missing(tmp_path):
    best_state = BestState(tmp_path, lambda results: results['a']['score'], LIKE, {})
    for step, score in ((1, 3.0), (2, 2.0), (3, 1.0), (4, 0.0)):
        best_state.consider(step, state_of(step), {'a': {'score': score}})
    best_state.close()
    shutil.rmtree(tmp_path / 'checkpoints' / '1')
    with pytest.raises(ValueError, match=r'best evaluation, step 1, should be in'):
        BestState(tmp_path, lambda results: 0.0, LIKE, {})


@pytest.mark.parametrize('name', ['exp[1]', 'back\\slash'])
def test_names_of_folders_in_which_orbax_loses_files(tmp_path, name):
    with pytest.raises(ValueError, match='should not contain'):
        training.Checkpoints(tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize('name', ['what?', 'a*b', '{a}', '~here', 'a b'])
def test_other_names_of_folders(tmp_path, name):
    save(tmp_path / name, [1])
    assert restore(tmp_path / name)[1] == {'step': 1}


def test_a_file_that_cannot_be_written_keeps_its_content(tmp_path, monkeypatch):
    path = tmp_path / 'note.txt'
    files.write_text(path, 'first')

    def full(descriptor):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(
        OSError, match=r'^\S*note.txt should be written, with 6 bytes.*No space left'
    ):
        files.write_text(path, 'second')
    assert [each.name for each in tmp_path.iterdir()] == ['note.txt']
    assert path.read_text() == 'first'


def test_every_file_is_verified_and_none_is_changed(tmp_path):
    save(tmp_path / 'checkpoints', [10, 20])
    Log(tmp_path).close()
    files.write_text(tmp_path / 'summary.json', '{}')

    def content():
        return {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()}

    def damaged():
        return [
            verdict.path.relative_to(tmp_path).as_posix()
            for verdict in training.verify(tmp_path)
            if verdict.state == 'damaged'
        ]

    before = content()
    assert damaged() == []
    assert {verdict.path for verdict in training.verify(tmp_path)} == set(before)
    for name in ('checkpoints/10/progress/metadata', 'checkpoints/20/state/manifest.ocdbt'):
        flip(tmp_path / name, random.Random(0))
    (tmp_path / 'summary.json').write_text('{"a": ')
    (tmp_path / 'metrics.jsonl').write_text('5\n')
    before = content()
    assert damaged() == [
        'checkpoints/10/progress/metadata',
        'checkpoints/20/state/manifest.ocdbt',
        'metrics.jsonl',
        'summary.json',
    ]
    assert content() == before


@pytest.mark.parametrize('gone', [20, 10], ids=['newest', 'best'])
def test_the_best_state_is_damaged(tmp_path, gone):
    def opened():
        return BestState(tmp_path, lambda results: results['a']['score'], LIKE, {})

    best_state = opened()
    for step, score in ((10, 3.0), (20, 2.0)):
        best_state.consider(step, state_of(step), {'a': {'score': score}})
    best_state.close()
    (tmp_path / 'checkpoints' / str(gone) / 'state' / 'manifest.ocdbt').write_bytes(b'')
    if gone == 10:
        for _ in range(2):
            with pytest.raises(ValueError, match=r'10/state/manifest.*the best one. To train from'):
                opened()
        return
    again = opened()
    assert (int(again.state['n']['count']), int(again.best['n']['count'])) == (10, 10)
    again.close()


@pytest.mark.parametrize('name', ['commit_success.txt', '_CHECKPOINT_METADATA'])
def test_a_damaged_file_that_holds_no_value(folder, name, caplog):
    (folder / '20' / name).write_bytes(b'\x00\xff{')
    assert restore(folder)[1] == {'step': 20}
    save(folder, [30])
    assert restore(folder)[1] == {'step': 30}


def test_a_full_disk_is_noticed_before_a_checkpoint_is_written(tmp_path, monkeypatch):
    checkpoints = training.Checkpoints(tmp_path)
    checkpoints.save(1, state_of(1), {}, 0.0)
    full = types.SimpleNamespace(free=1000)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, 'disk_usage', lambda path: full)
        with pytest.raises(files.WriteError, match=r'2 should be written, with 1,048,\d+ bytes'):
            checkpoints.save(2, state_of(2), {}, 0.0)
    checkpoints.save(3, state_of(3), {'step': 3}, 0.0)
    checkpoints.close()
    assert restore(tmp_path)[1] == {'step': 3}
