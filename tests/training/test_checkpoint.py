"""What checkpoints keep."""

import jax
import jax.numpy as jnp
import pytest

from mtljax import training
from mtljax.training._best_state import BestState
from mtljax.training._logging import Log
from tests.helpers import assert_same

STATE = {
    'wide': jnp.arange(3.0),
    'b': {'half': jnp.ones((2, 2), jnp.bfloat16), 'count': jnp.array(7, jnp.int32)},
    'a': jax.random.key(5),
}
ZEROS = STATE | {'wide': jnp.zeros(3), 'a': jax.random.key(0)}


@pytest.fixture
def checkpoints(tmp_path):
    opened = training.Checkpoints(tmp_path)
    yield opened
    opened.close()


def test_every_leaf_comes_back(checkpoints):
    checkpoints.save(3, STATE, {'note': [1, None]}, score=0.0)
    found, progress = checkpoints.restore(ZEROS)
    assert_same(found, STATE)
    assert [leaf.dtype for leaf in jax.tree.leaves(found)] == [
        leaf.dtype for leaf in jax.tree.leaves(STATE)
    ]
    assert progress == {'note': [1, None]}


def test_buffers_may_be_donated_at_once(checkpoints):
    state = {'w': jnp.ones(4)}
    checkpoints.save(1, state, {}, score=0.0)
    jax.jit(lambda s: jax.tree.map(lambda x: x * 2, s), donate_argnums=0)(state)
    assert checkpoints.restore({'w': jnp.zeros(4)})[0]['w'].tolist() == [1] * 4


@pytest.mark.parametrize(
    ('scores', 'best'),
    [
        ((0.1, 0.9, 0.9, 0.2), 2),
        ((-float('inf'), 0.5, 0.4, 0.3), 2),
        ((float('nan'), 0.5, 0.4, 0.3), 2),
    ],
    ids=['tie', 'infinite', 'nan'],
)
def test_the_newest_and_the_first_best_are_kept(checkpoints, scores, best):
    for step, score in enumerate(scores, 1):
        checkpoints.save(step, {'w': jnp.full(2, step)}, {}, score)
    like = {'w': jnp.zeros(2, int)}
    assert checkpoints.newest == 4
    assert checkpoints.restore(like)[0]['w'].tolist() == [4, 4]
    assert checkpoints.restore(like, best)[0]['w'].tolist() == [best, best]
    kept = [path.name for path in checkpoints._folder.iterdir() if path.name.isdigit()]
    assert sorted(kept) == sorted({str(best), '3', '4'})


@pytest.mark.parametrize(
    'like',
    [{'v': jnp.zeros(3)}, {'w': jnp.zeros(4)}, {'w': jnp.zeros(3), 'v': jnp.zeros(3)}],
    ids=['names', 'shape', 'more'],
)
def test_another_structure(checkpoints, like):
    checkpoints.save(1, {'w': jnp.zeros(3)}, {}, score=0.0)
    with pytest.raises(ValueError, match=r'another model.*Choose another workdir'):
        checkpoints.restore(like)


def test_rows_cut_short_by_a_kill(tmp_path):
    path = tmp_path / 'metrics.jsonl'
    assert training.read_rows(path) == []
    path.write_text('{"step": 10, "a": 1.0}\n{"step": 20, "a": 2.0}\n{"step": 30, "a')
    assert [row['step'] for row in training.read_rows(path)] == [10, 20]
    log = Log(tmp_path, resume=10)
    log.write(20, {'a': 3.0})
    log.close()
    assert training.read_rows(path) == [{'step': 10, 'a': 1.0}, {'step': 20, 'a': 3.0}]


def test_a_start_that_was_chosen_stays_the_best(tmp_path):
    best_state = BestState(tmp_path, lambda results: results['a']['score'], STATE, {})
    for step, score in ((0, 2.0), (10, 1.0)):
        best_state.consider(step, STATE, {'a': {'score': score}})
    best_state.close()
    assert (best_state.chosen.step, best_state.chosen.since) == (0, 1)
    again = BestState(tmp_path, lambda results: 0.0, STATE, {})
    again.close()
    assert again.chosen.score == 2


NAN = float('nan')


@pytest.mark.parametrize(
    ('scores', 'kept'),
    [
        ([NAN, NAN, NAN], [1, 2, 3]),
        ([NAN, -float('inf'), 0.1, NAN, 0.2, 0.1], [1, 2, 3, 3, 5, 5]),
        ([0.1, NAN, 0.0], [1, 1, 1]),
        ([float('inf'), 0.5], [1, 2]),
    ],
    ids=['never', 'late', 'early', 'infinite'],
)
def test_while_no_score_is_finite_the_last_parameters_are_kept(tmp_path, scores, kept, caplog):
    def opened(folder=tmp_path):
        return BestState(folder, lambda results: results['a']['auc'], {'w': jnp.zeros(())}, {})

    best, memory = opened(), opened(None)
    for step, (score, expected) in enumerate(zip(scores, kept, strict=True), 1):
        for each in (best, memory):
            each.consider(step, {'w': jnp.float32(step)}, {'a': {'auc': score, 'loss': 1.0}})
            assert (each.chosen.step, each.best['w'].item()) == (expected, expected)
        best.close()
        best = opened()  # a run that was stopped goes on with the same choice
        assert (best.chosen.step, best.best['w'].item()) == (expected, expected)
    best.close()
    line = caplog.records[0].getMessage()
    assert f'At step {1 + [s == s and abs(s) < 9 for s in scores].index(False)}, not finite' in line
    assert 'a auc' in line


def test_patience_counts_scores_that_are_not_finite(tmp_path):
    best = BestState(None, lambda results: results['a']['auc'], {'w': jnp.zeros(())}, {})
    for step in range(3):
        best.consider(step, {'w': jnp.zeros(())}, {'a': {'auc': NAN}})
    assert best.chosen.since == 2
    best.consider(3, {'w': jnp.zeros(())}, {'a': {'auc': 0.1}})
    assert best.chosen.since == 0
