"""Arguments of training that are refused, in one form, before anything starts."""

import functools

import numpy as np
import optax
import pytest

from mtljax import Task, backbones, data, heads, sharing, surgery, training
from mtljax.training import _initial

X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
TASKS = {name: Task(heads.linear(), optax.squared_error) for name in 'ab'}
TARGETS = {'a': X[:, 0], 'b': X[:, 1]}
SETS = data.arrays(X, TARGETS, TASKS)
MODEL = sharing.hard(backbones.mlp((4,)), SETS.heads)
TX = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.sgd(0.1))
COUNTS = (
    *('steps', 'batch_size', 'log_every', 'eval_every', 'patience', 'average_last', 'workers'),
    *('eval_batch_size', 'micro_batches'),
)
BAD = (0, -1, 2.5, float('nan'), float('inf'), '3', None, 2**70)


def refused(said, model=MODEL, sets=SETS, tx=TX, **options):
    with pytest.raises(ValueError, match=said):
        training.train(model, sets, tx, **({'steps': 2, 'batch_size': 8} | options))


@pytest.mark.parametrize('name', COUNTS)
def test_counts(name):
    optional = name in ('eval_every', 'patience', 'average_last')
    for value in BAD:
        if not (optional and value is None):
            refused(f'{name} should be a whole number', **{name: value})


@pytest.mark.parametrize('seed', [-1, 2.5, float('nan'), '3', None, 2**70, True])
def test_seeds(seed):
    refused(r'seed should be a whole number from 0 to 4294967295', seed=seed)
    with pytest.raises(ValueError, match='seed should be a whole number'):
        training.train_seeds(MODEL, SETS, TX, seeds=[seed], together=True, steps=2, batch_size=8)
    with pytest.raises(ValueError, match='seed should be a whole number'):
        training.initial_state(MODEL, SETS, TX, seed=seed, steps=2, batch_size=8)
    with pytest.raises(ValueError, match='seed should be a whole number'):
        data.arrays(X, TARGETS, TASKS, seed=seed)


@pytest.mark.parametrize('seeds', [(), (1, 1), 3, None])
def test_lists_of_seeds(seeds):
    with pytest.raises(ValueError, match='seeds should be one or more different seeds'):
        training.train_seeds(MODEL, SETS, TX, seeds=seeds, together=True, steps=2, batch_size=8)


@pytest.mark.parametrize('value', [None, 'a', (1,), np.ones(2), float('nan')])
def test_scores(value):
    refused('select should return a number', select=lambda results: value)


def test_a_score_that_is_no_number_later():
    """The check before training sees other results."""

    def select(results):
        return 1.0 if results['a']['loss'] in (1, 0.5) else 'good'

    refused(r"select should return a number. Found 'good' at step 2", select=select)


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'select': 3}, 'select should be a function or None. Found select = 3'),
        ({'augment': 3}, 'augment should be a function or None'),
        ({'stop': 'now'}, 'stop should be a function or None'),
        ({'pooled': 'x'}, 'pooled should be True or False'),
        ({'stream': 'x'}, 'stream should be True or False'),
        ({'allow_unlabelled': 3}, 'allow_unlabelled should be a list of tasks'),
        ({'allow_unlabelled': 'a'}, 'allow_unlabelled should be a list of tasks'),
        ({'workdir': 3}, 'A folder should have the name of a path. Found 3'),
        ({'model': None}, 'model should be a MultiTask'),
        ({'sets': None}, 'dataset should be a Dataset'),
        ({'tx': None}, 'tx should be an optax chain'),
    ],
)
def test_other_arguments(options, said):
    refused(said, **options)


@pytest.mark.parametrize(
    ('inputs', 'said'),
    [
        (np.ones((60, 0)), r'inputs should hold numbers for every example. Found shape \(60, 0\)'),
        ({}, r'inputs should be an array \[N, ...\] or a tree of them. Found \{\}'),
        (None, r'inputs should be an array \[N, ...\] or a tree of them. Found None'),
        (X.astype(object), 'inputs should hold numbers. Found dtype object'),
        (X.astype(str), 'inputs should hold numbers. Found dtype <U32'),
    ],
)
def test_inputs(inputs, said):
    with pytest.raises(ValueError, match=said):
        data.arrays(inputs, TARGETS, TASKS)


class Tensor:
    """It refuses to become a NumPy array, as tensors of PyTorch do."""

    def __init__(self, error):
        self.error = error

    def __array__(self, *args, **kwargs):
        raise self.error


@pytest.mark.parametrize('error', [TypeError, RuntimeError])
def test_tensors_that_are_no_arrays(error):
    with pytest.raises(ValueError, match=r'inputs should be an array.*requires grad.*detach\(\)'):
        data.arrays(Tensor(error('it requires grad')), TARGETS, TASKS)


@pytest.mark.parametrize('kind', [np.longdouble, '>f4', '>f8', '>i2', np.float16, bool])
def test_numbers_of_other_kinds(kind):
    """They become the numbers of this machine, in 32 bits at most."""
    inputs = abs(10 * X).astype(kind)
    sets = data.arrays(inputs, TARGETS | {'b': inputs[:, 1]}, TASKS | {'b': TASKS['a']}, test=0.3)
    held = sets.test.arrays
    assert held.inputs.dtype.isnative
    assert held.inputs.dtype.itemsize <= 4
    np.testing.assert_allclose(held.inputs[:, 1].astype(float), held.targets['b'].astype(float))


def test_a_model_that_does_not_take_the_inputs():
    sets = data.arrays({'u': X, 'v': X}, TARGETS, TASKS)
    refused(
        r"The model should accept inputs of the shapes \{'u': '\(B, 4\)'.*AttributeError", sets=sets
    )


CLASSES = optax.softmax_cross_entropy_with_integer_labels


@pytest.mark.parametrize(
    ('task', 'target', 'said'),
    [
        (
            Task(heads.linear(), lambda y, t: ((y - t) ** 2).mean()),
            X[:, 0],
            r'one number per example, .*Found one number for the batch.*without their mean. If it',
        ),
        (
            Task(heads.linear(), lambda y, t: (y[None] - t) ** 2),
            X[:, :1],
            r'Found \(B, B\) from prediction \(B,\) .*Remove the last axis of the target',
        ),
        (
            Task(heads.linear(1), optax.squared_error),
            X[:, 0],
            r'does not accept prediction \(B, 1\).*Remove the last axis of the prediction: a head',
        ),
        (
            Task(heads.linear(2), CLASSES),
            (X[:, 0] > 0).astype(np.float32),
            r"does not accept a target of float32. It needs class numbers.*astype\('int32'\)",
        ),
        (
            Task(heads.linear(), lambda y, t: (y - t) ** 2, over_rows=True),
            X[:, 0],
            r'should take \(prediction, target, mask\). Found a function of \(y, t\).$',
        ),
        (
            Task(heads.linear(), lambda y, t, mask: (y - t) ** 2),
            X[:, 0],
            r'take \(prediction, target\). Found a function of \(y, t, mask\). If it compares',
        ),
        (
            Task(heads.linear(), lambda y: y**2),
            X[:, 0],
            r'should take \(prediction, target\). Found a function of \(y\).$',
        ),
    ],
)
def test_losses(task, target, said):
    sets = data.arrays(X, {'a': target}, {'a': task})
    refused(said, model=sharing.hard(backbones.mlp((4,)), sets.heads), sets=sets)


def test_weights_that_are_no_function():
    with pytest.raises(ValueError, match=r'weigh should be a function.*Found ndarray. For arrays'):
        data.weighted(SETS, np.ones(60))


def test_a_model_larger_than_the_memory(monkeypatch):
    """It is refused before any memory is taken."""
    monkeypatch.setattr(_initial, 'free_memory', functools.partial(int, 10))
    refused(r'The model should fit the memory of 0.0 GiB. Found 30 parameters')
