"""The best constant prediction of a task, under the loss of the task."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen

from mtljax import Task, backbones, data, heads, losses, metrics, module, sharing, training

RNG = np.random.default_rng(0)
X = RNG.normal(size=(1000, 4)).astype(np.float32)
RARE = np.arange(1000) % 50 == 0
LEVELS = np.array([0.1, 0.5, 0.9])
SHARES = [0.8, 0.05, 0.05, 0.05, 0.05]
CLASSES = RNG.choice(5, 1000, p=SHARES)
VALUES = np.exp(X[:, 0])


def baseline(target, task, **options):
    sets = data.arrays(X, {'a': target}, {'a': task}, **options)
    model = sharing.hard(backbones.mlp((8,)), sets.heads)
    return training.constant_baseline(model, sets)['a'], sets


def pinball(prediction, target):
    error = target[:, None] - prediction
    return jnp.maximum(LEVELS[None] * error, (LEVELS[None] - 1) * error).sum(-1)


class MeanAndVariance(linen.Module):
    @linen.compact
    def __call__(self, z):
        return {'mean': linen.Dense(1)(z)[:, 0], 'log': linen.Dense(1)(z)[:, 0]}


def likelihood(prediction, target):
    error = (target - prediction['mean']) ** 2 * jnp.exp(-prediction['log'])
    return 0.5 * (prediction['log'] + error)


@pytest.mark.parametrize('dtype', [int, float, bool])
def test_a_rare_label_however_it_is_typed(dtype):
    scores = {'accuracy': metrics.binary_accuracy()}
    task = Task(heads.linear(), optax.sigmoid_binary_cross_entropy, scores)
    found, _ = baseline(RARE.astype(dtype), task)
    assert 0.97 < found['accuracy'] < 0.99
    assert 0.09 < found['loss'] < 0.12


def labels(split):
    return np.asarray(split.arrays.targets['a'])


def test_classes_as_integers_and_as_rows():
    integers = Task(heads.linear(5), optax.softmax_cross_entropy_with_integer_labels)
    found, sets = baseline(CLASSES, integers)
    counts = np.bincount(labels(sets.train), minlength=5)
    expected = -np.log(counts / counts.sum())[labels(sets.test)].mean()
    assert found['loss'] == pytest.approx(expected, rel=1e-4)
    rows, _ = baseline(np.eye(5)[CLASSES], Task(heads.linear(5), optax.softmax_cross_entropy))
    assert rows['loss'] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ('loss', 'best'),
    [
        (optax.squared_error, np.mean),
        (losses.absolute_error, np.median),
        (lambda p, y: jnp.abs(p - y), np.median),
        (lambda p, y: (p - y) ** 2, np.mean),
        (lambda p, y: jnp.exp(p) - y * p, lambda y: np.log(np.mean(y))),
    ],
    ids=['squared', 'absolute', 'own absolute', 'own squared', 'poisson'],
)
def test_numbers(loss, best):
    found, sets = baseline(VALUES, Task(heads.linear(), loss))
    test = labels(sets.test)
    expected = float(jnp.mean(loss(np.full_like(test, best(labels(sets.train))), test)))
    assert found['loss'] == pytest.approx(expected, rel=1e-3)


def test_several_outputs():
    found, sets = baseline(X[:, 0], Task(heads.linear(3), pinball))
    best = np.tile(np.quantile(labels(sets.train), LEVELS), (200, 1))
    assert found['loss'] == pytest.approx(float(pinball(best, labels(sets.test)).mean()), rel=0.01)
    found, sets = baseline(X[:, 0], Task(module.from_linen(MeanAndVariance()), likelihood))
    train = labels(sets.train)
    best = {'mean': train.mean(), 'log': np.log(train.var())}
    assert found['loss'] == pytest.approx(
        float(likelihood(best, labels(sets.test)).mean()), rel=1e-3
    )


def test_a_tree_of_targets():
    weight = np.abs(X[:, 1])

    def loss(prediction, target):
        return target['w'] * (prediction - target['y']) ** 2

    found, sets = baseline({'y': VALUES, 'w': weight}, Task(heads.linear(), loss))
    train, test = (split.arrays.targets['a'] for split in (sets.train, sets.test))
    best = np.average(train['y'], weights=train['w'])
    assert found['loss'] == pytest.approx(np.mean(loss(best, test)), rel=1e-3)


def test_missing_and_ignored_labels():
    task = Task(heads.linear(5), optax.softmax_cross_entropy_with_integer_labels)
    expected, sets = baseline(CLASSES, task, mask={'a': CLASSES < 4})
    ignored, _ = baseline(np.where(CLASSES < 4, CLASSES, 255), task, ignore=255)
    assert ignored == expected
    assert labels(sets.train).max() < 4


def test_no_constant_has_a_finite_loss(caplog):
    found, _ = baseline(VALUES, Task(heads.linear(), lambda p, y: p * jnp.nan * y))
    assert np.isnan(found['loss'])
    assert "No constant prediction has a finite loss for the tasks ['a']" in caplog.text
