"""The checkpoints that the choice of the best evaluation needs are never lost."""

import threading

import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import training
from mtljax.files import WriteError
from mtljax.training import _checkpoint_files
from mtljax.training._best_state import BestState
from mtljax.training._saved import read_saved
from tests.training.test_damage import LIKE, state_of

NAN = float('nan')


def opened(folder):
    return BestState(folder, lambda results: results['a']['score'], LIKE, {})


def run(folder, scores):
    """Consider a score at step 10, 20, ...; None keeps a state without an evaluation."""
    best = opened(folder)
    for index, score in enumerate(scores, 1):
        step, state = 10 * index, state_of(10 * index)
        if score is None:
            best.keep(step, state, 0)
        else:
            best.consider(step, state, {'a': {'score': score}})
    best.close()


def damage(folder, step):
    (folder / 'checkpoints' / str(step) / 'state' / 'manifest.ocdbt').write_bytes(b'')


@pytest.mark.parametrize(
    ('scores', 'now', 'chosen'),
    [
        ([0.5, 0.4, 0.45, 0.6], 30, 10),
        ([0.5, 0.6, 0.4, 0.3], 30, 20),
        ([0.1, 0.2, 0.3, 0.4], 30, 30),
        ([NAN, NAN, None, None], 30, 20),
        ([NAN, 0.1, None, None], 30, 20),
    ],
)
def test_the_newest_is_damaged(tmp_path, scores, now, chosen):
    run(tmp_path, scores)
    damage(tmp_path, 40)
    best = opened(tmp_path)
    best.close()
    found = (int(best.state['n']['count']), best.chosen.step, int(best.best['n']['count']))
    assert found == (now, chosen, chosen)


@pytest.mark.parametrize('scores', [[NAN, NAN, None, None, None], [0.1, 0.2, None, None, None]])
def test_states_that_were_not_evaluated_push_nothing_out(tmp_path, scores):
    for count in range(1, len(scores) + 1):
        run(tmp_path / str(count), scores[:count])
        best = opened(tmp_path / str(count))
        assert best.chosen.step == 10 * min(count, 2)
        best.close()


def test_a_write_that_is_damaged_is_written_again(tmp_path, monkeypatch):
    original, broken = _checkpoint_files.read, ['20']

    def read(path, like):
        if path.name in broken:
            broken.remove(path.name)
            raise _checkpoint_files.DamagedError(f'{path} is damaged.')
        return original(path, like)

    monkeypatch.setattr(_checkpoint_files, 'read', read)
    run(tmp_path, [0.1, 0.5, 0.2])
    best = opened(tmp_path)
    best.close()
    assert (int(best.state['n']['count']), best.chosen.step) == (30, 20)
    assert (tmp_path / 'checkpoints' / 'damaged' / '20').exists()


@pytest.mark.parametrize('score', [np.float32(0.5), jnp.float32(0.5), jnp.ones(())])
def test_a_score_of_any_type(tmp_path, score):
    best = BestState(tmp_path, lambda results: score, LIKE, {})
    best.consider(10, state_of(10), {'a': {'loss': 1.0}})
    best.close()
    best = opened(tmp_path)
    assert (best.chosen.step, best.chosen.score) == (10, float(score))
    best.close()


def test_progress_that_is_no_json_fails_at_once(tmp_path):
    checkpoints = training.Checkpoints(tmp_path)
    with pytest.raises(TypeError, match='not JSON serializable'):
        checkpoints.save(1, LIKE, {'x': np.float32(1)}, 0.5)
    assert checkpoints.steps == []
    checkpoints.close()


def test_every_error_of_the_background_is_raised(tmp_path, monkeypatch):
    def failing(path, reason):
        raise OSError(28, 'No space left on device')

    def damaged(path, like):
        raise _checkpoint_files.DamagedError(f'{path} is damaged.')

    monkeypatch.setattr(_checkpoint_files, 'set_aside', failing)
    monkeypatch.setattr(_checkpoint_files, 'read', damaged)
    checkpoints = training.Checkpoints(tmp_path)
    checkpoints.save(1, LIKE, {}, 0.5)
    with pytest.raises(WriteError, match='No space left'):
        checkpoints.close()


def test_an_interrupt_while_it_waits_loses_nothing(tmp_path, monkeypatch):
    go, original = threading.Event(), _checkpoint_files.read

    def slow(path, like):
        go.wait(20)
        return original(path, like)

    monkeypatch.setattr(_checkpoint_files, 'read', slow)
    checkpoints = training.Checkpoints(tmp_path)
    checkpoints.save(1, state_of(1), {}, 0.5)

    def interrupt():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints._work, 'result', interrupt)
        with pytest.raises(KeyboardInterrupt):
            checkpoints.save(2, state_of(2), {}, 0.6)
    threading.Timer(0.2, go.set).start()
    checkpoints.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ['1']
    assert (tmp_path / '1' / 'sums.json').exists()


def test_no_checkpoint_is_whole(tmp_path):
    run(tmp_path, [0.1])
    (tmp_path / 'checkpoints' / '10' / '_CHECKPOINT_METADATA').unlink()
    for _ in range(2):
        with pytest.raises(
            ValueError, match=r'10 is damaged: it has not all its parts.*To train from'
        ):
            opened(tmp_path)
    assert (tmp_path / 'checkpoints' / '10' / 'state').exists()


def test_there_is_no_checkpoint(tmp_path):
    checkpoints = training.Checkpoints(tmp_path)
    with pytest.raises(ValueError, match=r'should hold a checkpoint. Found none'):
        checkpoints.restore(LIKE)
    checkpoints.close()


def test_parameters_are_read_from_the_checkpoint_before(tmp_path, caplog):
    best = BestState(tmp_path, lambda results: 1.0, {'params': {'w': jnp.zeros(())}}, {'tasks': []})
    for step in (10, 20):
        best.consider(step, {'params': {'w': jnp.float32(step)}}, {'a': {'loss': 1.0}})
    best.close()
    assert read_saved(tmp_path, newest=True).params['w'] == 20
    damage(tmp_path, 20)
    for newest in (True, False):
        assert read_saved(tmp_path, newest=newest).params['w'] == 10
    assert '20/state/manifest.ocdbt is damaged' in caplog.text
