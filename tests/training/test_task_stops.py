"""Early stopping of single tasks."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import backbones, data, sharing, surgery, training, weighting
from mtljax.training._task_stops import count_evaluations, stop_tasks, stopped_tasks, with_stops
from tests.helpers import assert_close, assert_same

DIGITS = data.digits(train=64, validation=16, test=16)
MODEL = sharing.hard(backbones.mlp((8,), dropout=0.1), DIGITS.heads)
SIZE = {'steps': 20, 'batch_size': 16, 'log_every': 2, 'eval_every': 4}


def chain(method=None):
    return optax.chain(surgery.on_shared(method or surgery.sum()), optax.sgd(0.1))


def noisy(dataset):
    """The labels of the task ``left`` are noise on validation, so that it soon gets worse."""
    split = dataset.validation
    targets = dict(split.arrays.targets)
    targets['left'] = (targets['left'] + 1) % 10
    batch = split.arrays._replace(targets=targets)
    wrong = data.ArraySplit(batch)
    return type(dataset)(dataset.tasks, dataset.train, wrong, dataset.test)


NOISY = noisy(DIGITS)


def train(workdir=None, model=MODEL, **more):
    options = SIZE | {'task_patience': 1} | more
    return training.train(model, NOISY, chain(), **options, workdir=workdir)


def weights_of(history, task):
    return [row[f'weight/{task}'] for row in history if f'weight/{task}' in row]


@pytest.mark.parametrize(
    'method', [surgery.sum(), surgery.pcgrad(), surgery.mgda(), surgery.nash_mtl()]
)
@pytest.mark.parametrize('weigh', [weighting.equal(), weighting.uncertainty('classification')])
def test_a_stopped_task_is_a_task_without_labels(method, weigh):
    """Its head gets no gradient, and the others train as if the batch had no label of it."""
    step = training.train_step(MODEL, DIGITS.tasks, chain(method), weighting=weigh)
    stops = with_stops(step, MODEL.tasks)
    batch = DIGITS.train.take(np.arange(16))
    start = stops.init(jax.random.key(0), batch)
    stopped = stop_tasks(start, MODEL.tasks, ['left'])
    assert stopped_tasks(stopped, MODEL.tasks) == ['left']
    end, info = jax.jit(stops.update)(stopped, batch)
    assert jax.tree.map(jnp.shape, end) == jax.tree.map(jnp.shape, start)
    assert info['weight']['left'] == 0
    assert_same(end.params['task']['heads']['left'], start.params['task']['heads']['left'])
    mask = {**batch.mask, 'left': np.zeros(16, bool)}
    plain = step.init(jax.random.key(0), batch)
    expected, _ = jax.jit(step.update)(plain, batch._replace(mask=mask))
    assert_close(end.params, expected.params, atol=1e-6)


def test_a_task_that_gets_worse_stops_and_the_other_goes_on():
    result = train()
    losses = [
        row['validation/left/loss'] for row in result.history if 'validation/left/loss' in row
    ]
    late = next(i for i in range(1, len(losses)) if losses[i] >= min(losses[:i]))
    left, right = weights_of(result.history, 'left'), weights_of(result.history, 'right')
    first = 2 * (late + 1)  # two rows per evaluation
    assert all(left[:first])
    assert not any(left[first:])
    assert len(left) > first
    assert all(right[:first])
    assert 'loss/left' not in result.history[-2]


def test_a_resumed_training_has_the_same_bits(tmp_path):
    whole = train(ema=0.8)
    for asked in (3, 2):
        left = iter([False] * asked + [True])
        with pytest.raises(training.StoppedError):
            train(tmp_path, ema=0.8, stop=lambda left=left: next(left))
    resumed = train(tmp_path, ema=0.8)
    assert_same(jax.device_get(resumed.state), jax.device_get(whole.state))
    assert_same(jax.device_get(resumed.best), jax.device_get(whole.best))
    assert resumed.history == whole.history
    assert not all(weights_of(whole.history, 'left'))


def test_training_ends_when_all_tasks_have_stopped(tmp_path):
    tx = optax.chain(surgery.sum(), optax.sgd(0.0))
    options = SIZE | {'task_patience': 2}
    result = training.train(MODEL, DIGITS, tx, **options, workdir=tmp_path)
    assert int(result.state.step) == 12
    again = training.train(MODEL, DIGITS, tx, **options, workdir=tmp_path)
    assert_same(jax.device_get(again.state), jax.device_get(result.state))


def test_seeds_of_one_program_and_pmap():
    apart = [train(seed=seed) for seed in (0, 1)]
    together = training.train_seeds(
        MODEL, NOISY, chain(), seeds=(0, 1), together=True, task_patience=1, **SIZE
    )
    for one, other in zip(together, apart, strict=True):
        assert weights_of(one.history, 'left') == weights_of(other.history, 'left')
        assert_close(one.state.params, other.state.params, atol=1e-5)
    plain = sharing.hard(backbones.mlp((8,)), DIGITS.heads)  # dropout differs between devices
    mapped, jitted = (train(model=plain, parallel=name) for name in ('pmap', 'jit'))
    assert weights_of(mapped.history, 'left') == weights_of(jitted.history, 'left')
    assert not all(weights_of(mapped.history, 'left'))
    assert_close(mapped.state.params, jitted.state.params, atol=1e-5)


def test_losses_that_are_not_finite_do_not_count():
    counts = {}
    for loss in (np.nan, np.nan, 1.0, np.nan, 1.0, 0.5):
        counts = count_evaluations(counts, {'a': {'loss': loss}})
        if loss != loss and counts['a'][0] == np.inf:
            assert counts['a'][1] == 0
    assert counts == {'a': [0.5, 0]}


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'task_patience': 0}, 'task_patience should be a whole number >= 1'),
        ({'average_last': 2}, 'task_patience should be None with average_last'),
    ],
)
def test_options_that_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        train(**options)
