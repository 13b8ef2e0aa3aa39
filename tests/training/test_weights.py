"""Weights per example and task: losses, label counts, gradients, metrics and constants."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import (
    Batch,
    Dataset,
    Metric,
    Task,
    backbones,
    data,
    heads,
    metrics,
    sharing,
    surgery,
    testing,
    training,
)
from mtljax.losses import absolute_error
from mtljax.training._best_constant import best_constant
from mtljax.training._objective import objective

RNG = np.random.default_rng(0)
SIZE = 48
X = RNG.normal(size=(SIZE, 3)).astype(np.float32)
TARGETS = {'a': X[:, 0] + 1, 'b': (X[:, 1] > 0).astype(np.int32), 'c': (X[:, :2] > 0) * 1.0}
KNOWN = {'a': RNG.random(SIZE) < 0.7}
WEIGHTS = {'a': RNG.random(SIZE), 'c': RNG.integers(0, 3, (SIZE, 2))}  # b has no weights
TASKS = {
    'a': Task(heads.linear(), optax.squared_error, {'rmse': metrics.rmse()}),
    'b': Task(heads.linear(2), optax.softmax_cross_entropy_with_integer_labels),
    'c': Task(heads.linear(2), optax.sigmoid_binary_cross_entropy, {'f1': metrics.f1()}),
}
MODEL = sharing.hard(backbones.mlp((8,)), {name: task.head for name, task in TASKS.items()})
TX = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.sgd(0.1))
KEY = jax.random.key(0)
BATCH = data.array_split(X, TARGETS, KNOWN, weight=WEIGHTS).arrays
PARAMS, STATE = MODEL.init(KEY, X)


def plain_losses(params):
    """The weighted means, task by task."""
    found = MODEL.apply(params, STATE, X)[0]
    errors = {name: task.loss(found[name], TARGETS[name]) for name, task in TASKS.items()}
    weights = {'a': WEIGHTS['a'] * KNOWN['a'], 'b': np.ones(SIZE), 'c': WEIGHTS['c']}
    return jnp.stack([(errors[n] * weights[n]).sum() / weights[n].sum() for n in TASKS])


@pytest.mark.parametrize('micro_batches', [1, 4])
def test_losses_and_gradients_are_weighted_means(micro_batches):
    losses_of, active = objective(MODEL, TASKS, STATE, BATCH, KEY, micro_batches=micro_batches)
    np.testing.assert_allclose(losses_of(PARAMS)[0], plain_losses(PARAMS), rtol=1e-5)
    found = jax.jit(jax.jacrev(lambda p: losses_of(p)[0]))(PARAMS)
    jax.tree.map(
        functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-6),
        found,
        jax.jit(jax.jacrev(plain_losses))(PARAMS),
    )
    assert active.all()


def test_pooled_losses_are_divided_by_the_weights_of_all_tasks():
    losses_of, _ = objective(MODEL, TASKS, STATE, BATCH, KEY, pooled=True)
    total = (WEIGHTS['a'] * KNOWN['a']).sum(), SIZE, WEIGHTS['c'].sum()
    expected = plain_losses(PARAMS) * jnp.array(total) / sum(total)
    np.testing.assert_allclose(losses_of(PARAMS)[0], expected, rtol=1e-5)


def test_a_label_of_weight_0_is_no_label():
    """Its target may be anything; a task with only such labels is not active."""
    none = BATCH._replace(
        targets=BATCH.targets | {'a': np.full(SIZE, np.nan, np.float32)},
        weight={'a': np.zeros(SIZE, np.float32)},
    )
    step = training.train_step(MODEL, TASKS, TX)
    state, info = jax.jit(step.update)(step.init(KEY, none), none)
    assert [bool(info['active'][name]) for name in 'abc'] == [False, True, True]
    assert info['loss']['a'] == 0
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state.params))
    found = training.evaluate(MODEL, TASKS, state, data.ArraySplit(none))
    assert np.isnan(found['a']['loss'])


def test_a_task_without_weights_behaves_to_the_bit_as_before():
    """Weights of other tasks change nothing in its loss and its gradient."""
    without = BATCH._replace(weight={})
    one, other = (objective(MODEL, TASKS, STATE, b, KEY)[0] for b in (BATCH, without))
    assert one(PARAMS)[0][1] == other(PARAMS)[0][1]
    rows = [jax.jit(jax.grad(lambda p, f=f: f(p)[0][1]))(PARAMS) for f in (one, other)]
    jax.tree.map(np.testing.assert_array_equal, *rows)
    assert Batch(X, {}, {}) == (X, {}, {}, {})
    assert len(jax.tree.leaves(without)) == len(jax.tree.leaves(tuple(without)[:3]))


def test_weights_of_1_are_no_weights():
    ones = BATCH._replace(weight={name: np.ones(SIZE, np.float32) for name in TASKS})
    one, other = (
        objective(MODEL, TASKS, STATE, b, KEY)[0](PARAMS)[0]
        for b in (ones, BATCH._replace(weight={}))
    )
    np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize('batch_size', [7, 1024])
def test_an_evaluation_is_weighted(batch_size):
    state = training.train_step(MODEL, TASKS, TX).init(KEY, BATCH)
    split = data.ArraySplit(BATCH)
    found = training.evaluate(MODEL, TASKS, state, split, batch_size=batch_size)
    expected = plain_losses(state.params)
    np.testing.assert_allclose([found[name]['loss'] for name in TASKS], expected, rtol=1e-5)
    assert found['a']['rmse'] == pytest.approx(float(expected[0]) ** 0.5, rel=1e-5)


@pytest.mark.parametrize('parallel', ['jit', pytest.param('pmap', marks=pytest.mark.exhaustive)])
def test_training_with_weights(parallel):
    """It reaches the optimum of the weighted rows, although devices share a batch."""
    outliers = np.where(np.arange(400) % 4, 1.0, -5.0).astype(np.float32)
    task = Task(heads.linear(), optax.squared_error, {'mae': metrics.mae()})
    weight = np.where(np.arange(400) % 4, 1.0, 1e-3)
    split = data.array_split(np.ones((400, 1)), {'y': outliers}, weight=weight)
    model = sharing.hard(backbones.mlp((2,)), {'y': task.head})
    tx = optax.chain(surgery.sum(), optax.sgd(0.1))
    sets = Dataset({'y': task}, split, split, split)
    result = training.train(model, sets, tx, steps=200, batch_size=40, parallel=parallel)
    assert result.test['y']['mae'] < 0.05


def test_only_keeps_the_weights_of_its_task():
    split = data.ArraySplit(BATCH)
    sets = Dataset(TASKS, split, split, split)
    assert list(data.only(sets, 'a').train.arrays.weight) == ['a']
    assert data.only(sets, 'b').train.arrays.weight == {}


def test_the_median_of_weights_of_1_is_the_plain_median():
    """Also at a place without a label, and for an even number of rows."""
    target = RNG.normal(size=(6, 3)).astype(np.float32)
    mask = np.ones((6, 3), bool)
    mask[:, 2] = False
    mask[0, 1] = False
    task = Task(heads.linear(3), absolute_error)
    for ones in (None, mask.astype(np.float32)):
        found = best_constant(task, jnp.zeros((6, 3)), np.where(mask, target, 0), mask, ones)
        expected = [np.median(target[:, 0]), np.median(target[1:, 1]), 0]
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize('loss', [optax.squared_error, lambda y, t: abs(y - t)])
def test_the_best_constant_is_weighted(loss):
    target, weight = np.array([0.0, 1.0, 5.0]), np.array([1.0, 3.0, 1.0], np.float32)
    found = best_constant(Task(heads.linear(), loss), jnp.zeros(3), target, weight > 0, weight)
    expected = 8 / 5 if loss is optax.squared_error else 1.0
    assert float(found) == pytest.approx(expected, rel=1e-3)


def test_the_best_constant_of_classes_is_weighted():
    target, weight = np.array([0, 1, 1]), np.array([3.0, 0.5, 0.5], np.float32)
    found = best_constant(TASKS['b'], jnp.zeros((3, 2)), target, weight > 0, weight)
    np.testing.assert_allclose(jax.nn.softmax(found), [0.75, 0.25], rtol=1e-4)


def trained(batch, task=None, **options):
    split = data.ArraySplit(batch)
    tasks = TASKS | ({'a': task} if task else {})
    sets = Dataset(tasks, split, split, split)
    return training.train(MODEL, sets, TX, steps=1, batch_size=8, **options)


@pytest.mark.parametrize(
    ('weight', 'said'),
    [
        ({'z': np.ones(SIZE, np.float32)}, r"weights of a batch should name its tasks.*'z'"),
        ({'a': np.ones(SIZE, np.int32)}, r"weights of task 'a' should be float.*int32\(2,\)"),
        ({'a': np.ones((SIZE, 2), np.float32)}, r"weights of task 'a' should be float.*\(2, 2\)"),
        (
            {'a': np.full(SIZE, -1, np.float32)},
            r"weights of task 'a' should be finite numbers >= 0",
        ),
        ({'b': np.full(SIZE, np.nan, np.float32)}, r"task 'b'.*Found nan in row 0 of the train"),
    ],
)
def test_weights_that_are_refused(weight, said):
    with pytest.raises(ValueError, match=said):
        trained(BATCH._replace(weight=weight))


def test_a_metric_that_takes_no_weights():
    own = Metric(lambda y, t, m: m.sum(), lambda s: s, True)
    task = Task(heads.linear(), optax.squared_error, {'own': own})
    with pytest.raises(ValueError, match=r"metric 'own' of task 'a' does not accept.*and weights"):
        trained(BATCH, task)
    training.train_step(MODEL, TASKS | {'a': task}, TX).init(KEY, BATCH._replace(weight={}))


@pytest.mark.parametrize(
    ('weight', 'said'),
    [
        ({'z': np.ones(SIZE)}, r"weight should name tasks among \['a', 'b', 'c'\]. Found \['z'\]"),
        ({'a': np.ones(3)}, r"weight\['a'\] should have the shape \(48,\).*Found \(3,\)"),
        (
            {'b': -np.ones(SIZE)},
            r"weight\['b'\] should be finite numbers >= 0. Found -1.0 at \(0,\)",
        ),
        ({'b': np.full(SIZE, np.nan)}, r"weight\['b'\] should be finite numbers >= 0. Found nan"),
        ({'b': ['x'] * SIZE}, r"weight\['b'\] should hold numbers"),
    ],
)
def test_arrays_of_weights_that_are_refused(weight, said):
    with pytest.raises(ValueError, match=said):
        data.array_split(X, TARGETS, KNOWN, weight=weight)


def test_a_weight_of_a_missing_label_may_be_anything():
    weight = {'a': np.where(KNOWN['a'], 1.0, np.nan)}
    assert data.array_split(X, TARGETS, KNOWN, weight=weight).arrays.weight['a'].sum() == (
        KNOWN['a'].sum()
    )


@pytest.mark.parametrize('streamed', [True, False])
def test_weights_of_any_data_set(streamed):
    """A function of the batch gives the weights, for data in memory and for streams."""
    plain = BATCH._replace(weight={}, mask={name: np.ones(SIZE, bool) for name in TASKS})
    split = data.ArraySplit(plain)
    if streamed:
        split = data.FileSplit(
            lambda row: jax.tree.map(lambda leaf: leaf[row], plain), np.arange(SIZE)
        )

    def weigh(batch):
        return {'b': 1 + batch.targets['b'], 'c': np.arange(2) + 0.5 * batch.targets['c']}

    sets = data.weighted(Dataset(TASKS, split, split, split), weigh)
    testing.check_data(sets)
    batch = sets.train.take(np.arange(4))
    assert batch.weight['b'].tolist() == (1 + TARGETS['b'][:4]).tolist()
    assert batch.mask['c'].shape == (4, 2)
    result = training.train(MODEL, sets, TX, steps=2, batch_size=8)
    state, found = result.best, result.test
    predicted = MODEL.apply(state.params, state.state, X)[0]['b']
    each = TASKS['b'].loss(predicted, TARGETS['b'])
    expected = np.average(each, weights=1 + TARGETS['b'])
    assert found['b']['loss'] == pytest.approx(expected, rel=1e-5)


def test_weights_of_a_function_that_are_refused():
    split = data.ArraySplit(BATCH)
    sets = Dataset(TASKS, split, split, split)
    with pytest.raises(ValueError, match=r'weigh should return \{task: weights\}. Found ndarray'):
        data.weighted(sets, lambda batch: batch.inputs)
    with pytest.raises(ValueError, match=r"weight\['a'\] should have the shape \(48,\)"):
        data.weighted(sets, lambda batch: {'a': np.ones(3)})
