"""Labels are held against the head and the loss of their task before training."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import Batch, Dataset, Task, backbones, data, heads, metrics, sharing, surgery, training
from mtljax.data import ArraySplit
from mtljax.training._ignored import with_ignored

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype(np.float32)
CLASSES = np.arange(60) % 3
YES = (np.arange(60) % 2).astype(np.int32)
integer_loss = optax.softmax_cross_entropy_with_integer_labels
sigmoid_loss = optax.sigmoid_binary_cross_entropy


def twice(prediction, target):
    return 2 * integer_loss(prediction, target)


def own_sigmoid(prediction, target):
    return jnp.logaddexp(0, prediction) - target * prediction


def dataset(target, loss, outputs, streamed=False, **options):
    head = heads.linear() if outputs is None else heads.linear(outputs)
    task = Task(head, loss, **options)
    other = Task(heads.linear(), optax.squared_error)
    sets = data.arrays(X, {'a': target, 'b': X[:, 0]}, {'a': task, 'b': other})
    return streaming(sets) if streamed else sets


class Streamed:
    def __init__(self, split):
        self._split, self.size, self.example = split, split.size, split.example
        self.batches = split.batches

    def take(self, indices):
        return self._split.take(indices)


def streaming(sets):
    return Dataset(sets.tasks, Streamed(sets.train), sets.validation, sets.test)


def train(sets, **options):
    model = sharing.hard(backbones.mlp((4,)), sets.heads)
    tx = optax.chain(surgery.on_shared(surgery.sum()), optax.sgd(0.01))
    return training.train(model, sets, tx, steps=4, batch_size=8, log_every=2, **options)


def preflight(sets):
    model = sharing.hard(backbones.mlp((4,)), sets.heads)
    tx = optax.chain(surgery.on_shared(surgery.sum()), optax.sgd(0.01))
    training.preflight(model, sets, tx, steps=4, batch_size=8)


@pytest.mark.parametrize(
    ('target', 'loss', 'outputs', 'said'),
    [
        (
            CLASSES + 1,
            integer_loss,
            3,
            'classes from 0 to 2, because the head has 3 outputs.*Found 3',
        ),
        (CLASSES + 1, functools.partial(integer_loss, axis=-1), 3, 'classes from 0 to 2.*Found 3'),
        (CLASSES + 1, twice, 3, 'classes from 0 to 2.*Found 3'),
        (2 * YES, sigmoid_loss, None, 'between 0 and 1 for sigmoid_binary.*Found 2'),
        (1 + YES, sigmoid_loss, None, 'between 0 and 1.*Found 2'),
        (2.0 * YES - 1, sigmoid_loss, None, 'between 0 and 1.*Found -1.0'),
        (2 * YES, own_sigmoid, None, '0 or 1 for own_sigmoid.*Found 2'),
        (1.5 * np.eye(3)[CLASSES], optax.softmax_cross_entropy, 3, 'between 0 and 1.*Found 1.5'),
    ],
)
def test_labels_outside_of_their_range(target, loss, outputs, said):
    for check in (train, preflight):
        with pytest.raises(ValueError, match=f"labels of task 'a' should be {said} in row"):
            check(dataset(target, loss, outputs))


@pytest.mark.parametrize(
    ('target', 'loss', 'outputs'),
    [
        (CLASSES, integer_loss, 3),
        (CLASSES, integer_loss, 7),
        (YES, sigmoid_loss, None),
        (YES > 0, sigmoid_loss, None),
        (YES * 0.3 + 0.2, sigmoid_loss, None),
        (np.eye(3)[CLASSES] * 0.7 + 0.1, optax.softmax_cross_entropy, 3),
        (CLASSES, lambda p, y: optax.squared_error(p, y.astype(jnp.float32)), None),
        (40 + CLASSES, lambda p, y: optax.squared_error(p, y.astype(jnp.float32)), None),
        (-3.0 * CLASSES, optax.squared_error, None),
    ],
)
def test_labels_that_fit(target, loss, outputs):
    preflight(dataset(target, loss, outputs))


@pytest.mark.parametrize('split', ['validation', 'test'])
def test_every_split_is_checked(split):
    sets = dataset(CLASSES, integer_loss, 3)
    part = getattr(sets, split).arrays
    bad = part.targets | {'a': np.where(np.arange(len(part.targets['a'])) == 2, 5, 0)}
    parts = {'train': sets.train, 'validation': sets.validation, 'test': sets.test}
    parts[split] = ArraySplit(part._replace(targets=bad))
    with pytest.raises(ValueError, match=f'Found 5 in row 2 of the {split} split, and 1 such'):
        train(Dataset(sets.tasks, **parts))


def test_streamed_labels_are_checked_when_they_are_read():
    sets = dataset(CLASSES + 1, integer_loss, 3, streamed=True)
    rows = np.flatnonzero(sets.train._split.arrays.targets['a'] == 3)
    sets = Dataset(sets.tasks, sets.train, sets.train, sets.train)
    with pytest.raises(ValueError, match='Found 3 in row') as error:
        train(sets)
    row = int(str(error.value).split('in row ')[1].split()[0])
    assert row in rows
    assert train(streaming(dataset(CLASSES, integer_loss, 3))).state.step == 4


@pytest.mark.parametrize('value', [255, -1])
def test_a_value_that_is_no_label(value):
    void = CLASSES.copy()
    void[::5] = value
    mask = {'a': void != value}
    tasks = {'a': Task(heads.linear(3), integer_loss, {'accuracy': metrics.accuracy()})}
    masked = data.arrays(X, {'a': CLASSES}, tasks, mask=mask)
    expected = train(masked)
    for ignore in (value, {'a': value}):
        ignored = data.arrays(X, {'a': void}, tasks, ignore=ignore)
        assert train(ignored).test == expected.test
    by_task = {'a': Task(heads.linear(3), integer_loss, tasks['a'].metrics, ignore=value)}
    parts = [
        ArraySplit(
            Batch(
                part.arrays.inputs,
                {'a': np.where(part.arrays.mask['a'], part.arrays.targets['a'], value)},
                {'a': np.ones(part.size, bool)},
            )
        )
        for part in (masked.train, masked.validation, masked.test)
    ]
    result = train(Dataset(by_task, *parts))
    assert result.test == expected.test
    assert result.history == expected.history
    jax.tree.map(np.testing.assert_array_equal, result.state.params, expected.state.params)


def test_pixels_that_are_no_label():
    labels = RNG.integers(0, 3, size=(8, 4, 4))
    void = np.where(labels == 2, 255, labels)
    task = Task(heads.pixel(2, (4, 4)), integer_loss, {'mean_iou': metrics.mean_iou(2)}, ignore=255)
    batch = Batch(np.ones((8, 4, 4, 3)), {'a': void}, {'a': np.arange(8) > 0})
    found = with_ignored(batch, {'a': task}).mask['a']
    np.testing.assert_array_equal(found[1:], labels[1:] != 2)
    assert not found[0].any()


def test_masked_arrays_of_numpy():
    target = np.ma.masked_equal(np.where(CLASSES == 0, -1, CLASSES), -1)
    tasks = {'a': Task(heads.linear(3), integer_loss)}
    sets = data.arrays(X, {'a': target}, tasks)
    assert sets.train.arrays.mask['a'].sum() + sets.test.arrays.mask['a'].sum() < 50
    assert (sets.train.arrays.targets['a'][sets.train.arrays.mask['a']] > 0).all()
    with pytest.raises(ValueError, match=r'without masked entries. Found 20'):
        data.arrays(np.ma.masked_where(CLASSES == 0, X[:, 0]), {'a': CLASSES}, tasks)


def test_complex_inputs():
    with pytest.raises(ValueError, match=r'should hold real numbers. Found dtype complex'):
        data.arrays(X * 1j, {'a': CLASSES}, {'a': Task(heads.linear(3), integer_loss)})


@pytest.mark.parametrize('ignore', ['255', {'c': 255}, [255]])
def test_ignore_is_a_number(ignore):
    with pytest.raises(ValueError, match='ignore should'):
        data.arrays(X, {'a': CLASSES}, {'a': Task(heads.linear(3), integer_loss)}, ignore=ignore)


def test_a_task_without_a_label():
    tasks = {name: Task(heads.linear(), optax.squared_error) for name in 'ab'}
    mask = {'b': np.zeros(60, bool)}
    sets = data.arrays(X, {'a': X[:, 0], 'b': X[:, 1]}, tasks, mask=mask)
    for check in (train, preflight):
        with pytest.raises(ValueError, match=r"Found none for \['b'\].*allow_unlabelled=\['b'\]"):
            check(sets)
    assert np.isnan(train(sets, allow_unlabelled=['b']).test['b']['loss'])
    for wrong in ('b', ['c']):
        with pytest.raises(ValueError, match='allow_unlabelled should be a list of tasks'):
            train(sets, allow_unlabelled=wrong)


def test_labels_by_hand_that_share_nothing():
    labelled = surgery.on_shared(surgery.pcgrad(), labels=lambda path: 'task')
    with pytest.raises(ValueError, match="label 'task' for all 2 parameters, such as 'head/w'"):
        labelled.init({'trunk': {'w': jnp.ones(2)}, 'head': {'w': jnp.ones(2)}})
