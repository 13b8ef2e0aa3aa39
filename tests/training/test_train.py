"""The training loop, on a very small digits."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import backbones, data, sharing, surgery, training
from mtljax.training._rate import Rate
from tests.helpers import assert_close, assert_same

DIGITS = data.digits(train=160, validation=40, test=40)
EVALUATIONS = {'log_every': 10, 'eval_every': 20}


def model_of(width=8):
    return sharing.hard(backbones.mlp((width,)), DIGITS.heads)


def chain(rate=0.1):
    return optax.chain(surgery.on_shared(surgery.pcgrad()), optax.sgd(rate))


def train(tx=None, *, model=None, dataset=DIGITS, **options):
    options = {'steps': 60, 'batch_size': 32} | EVALUATIONS | options
    model = model_of() if model is None else model
    return training.train(model, dataset, chain() if tx is None else tx, **options)


@pytest.fixture(scope='module')
def result():
    return train(select=training.select_by('accuracy', higher_is_better=True))


def test_it_learns(result):
    rows = [row for row in result.history if 'loss/left' in row]
    assert [row['step'] for row in rows] == [10, 20, 30, 40, 50, 60]
    for task in DIGITS.tasks:
        assert rows[-1][f'loss/{task}'] < 0.9 * rows[0][f'loss/{task}']
    assert int(result.state.step) == 60
    assert result.steps_per_second > 0


def test_the_best_is_chosen_by_accuracy(result):
    scores = {
        row['step']: np.mean([row[f'validation/{task}/accuracy'] for task in DIGITS.tasks])
        for row in result.history
        if 'validation/left/accuracy' in row
    }
    assert sorted(scores) == [20, 40, 60]
    assert result.best_step == max(scores, key=scores.get)
    assert int(result.best.step) == result.best_step
    model, tasks = model_of(), DIGITS.tasks
    for split, found in ((DIGITS.validation, result.validation), (DIGITS.test, result.test)):
        again = training.evaluate(model, tasks, result.best, split, batch_size=16)
        for task, row in again.items():
            assert row == pytest.approx(found[task], rel=1e-5)


def test_streamed_and_resident_data_give_the_same(result):
    streamed = train(stream=True)
    assert_close(streamed.state.params, result.state.params)


def test_the_loop_is_the_step_and_nothing_else(result):
    step = training.train_step(model_of(), DIGITS.tasks, chain())
    state = step.init(jax.random.key(0), DIGITS.train.example)
    rows = data.batch_indices(160, 32, 0, 0, 60)
    update = jax.jit(step.update)
    for row in rows:
        state, _ = update(state, DIGITS.train.take(row))
    assert_close(state.params, result.state.params)


def test_early_stopping():
    stopped = train(chain(0.0), patience=2, steps=200)
    assert int(stopped.state.step) == 60
    assert stopped.best_step == 20


def test_resumed_is_uninterrupted(tmp_path, monkeypatch):
    options = {'steps': 200, 'log_every': 20, 'eval_every': 40}
    whole = train(workdir=tmp_path / 'whole', **options)

    def fail(bar, step, *args):
        if step == 120:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr('mtljax.training._loop.Progress.advance', fail)
        with pytest.raises(KeyboardInterrupt):
            train(workdir=tmp_path / 'parts', **options)
    resumed = train(workdir=tmp_path / 'parts', **options)
    assert_same(resumed.state, whole.state)
    assert_same(resumed.best, whole.best)
    assert resumed.history == whole.history
    files = [tmp_path / name / 'metrics.jsonl' for name in ('whole', 'parts')]
    assert files[0].read_text() == files[1].read_text()
    seen = [(row['step'], 'loss/left' in row) for row in training.read_rows(files[1])]
    assert len(seen) == len(set(seen)) == 15


def sudden(first):
    """SGD whose update number ``first`` is infinite."""
    return chain(lambda count: jnp.where(count == first - 1, jnp.inf, 0.1))


@pytest.mark.parametrize(
    ('first', 'named'), [(25, 25), (40, 40)], ids=['between evaluations', 'at an evaluation']
)
def test_a_loss_that_is_not_finite_stops_the_run(first, named, tmp_path):
    with pytest.raises(training.NonFiniteLossError, match=rf"(?=.*'left').*step {named}\b"):
        train(sudden(first), workdir=tmp_path)
    step = training.train_step(model_of(), DIGITS.tasks, sudden(first))
    like = step.init(jax.random.key(0), DIGITS.train.example)
    checkpoints = training.Checkpoints(tmp_path / 'checkpoints')
    kept, _ = checkpoints.restore(like)
    checkpoints.close()
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(kept.params))


def test_a_last_update_that_is_not_finite_is_noticed():
    with pytest.raises(training.NonFiniteLossError):
        train(sudden(20), steps=20)


@pytest.mark.usefixtures('failing_restore')
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
def test_a_workdir_of_another_model(tmp_path):
    train(workdir=tmp_path, steps=20)
    with pytest.raises(ValueError, match=r'another model.*Choose another workdir'):
        train(workdir=tmp_path, steps=40, model=model_of(9))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'batch_size': 168}, '160 training examples. Found batch_size = 168'),
        ({'batch_size': 20}, '8 devices x 1 micro-batches. Found batch_size = 20'),
        ({'batch_size': 40, 'micro_batches': 2}, '8 devices x 2 micro-.*Found batch_size = 40'),
        ({'engine': 'fast'}, "engine should be one of.*Found engine = 'fast'"),
        ({'parallel': 'tpu'}, "parallel should be one of.*Found 'tpu'"),
        ({'steps': 0}, 'Found steps = 0'),
        ({'patience': 0}, 'Found patience = 0'),
        ({'eval_every': 15}, 'multiple of log_every. Found eval_every = 15, log_every = 10'),
    ],
)
def test_options_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        train(**options)


@pytest.mark.parametrize(
    ('changed', 'said'),
    [({'seed': 1}, "'seed': 1.*'seed': 0"), ({'batch_size': 16}, "'batch_size': 16")],
)
def test_a_workdir_of_another_run(changed, said, tmp_path):
    train(steps=20, workdir=tmp_path)
    with pytest.raises(ValueError, match=said):
        train(steps=20, workdir=tmp_path, **changed)


def test_a_workdir_that_went_further(tmp_path):
    train(steps=20, workdir=tmp_path)
    with pytest.raises(ValueError, match=r'at least 20.*have reached\. Found steps = 10'):
        train(steps=10, workdir=tmp_path)


def test_a_scarce_task_logs_the_loss_of_the_steps_that_saw_it():
    inputs = np.zeros((64, 10, 10), np.float32)
    labels = {task: np.zeros(64, np.int64) for task in DIGITS.tasks}
    seen = np.arange(64) == 0
    split = data.array_split(inputs, labels, {'right': seen})
    dataset = type(DIGITS)(DIGITS.tasks, split, DIGITS.validation, DIGITS.test)
    rows = train(chain(0.0), dataset=dataset, steps=20, batch_size=16).history
    logged = [row['loss/right'] for row in rows if 'loss/right' in row]
    assert 0 < rows[0]['active/right'] < 1
    np.testing.assert_allclose(logged, np.log(10), rtol=1e-5)


def test_the_rate_leaves_chunks_out_that_compile():
    rate = Rate()
    rate._chunks = [(100, 9.0), (100, 0.5), (100, 0.5), (50, 9.0)]
    assert rate.steps_per_second == 200
    rate._chunks = [(100, 2.0)]
    assert rate.steps_per_second == 50
