"""Splits, the order of examples, and what is checked when arrays come in."""

import jax
import numpy as np
import optax
import pytest
from sklearn.datasets import load_digits

from mtljax import Dataset, Task, data, heads, metrics
from tests.helpers import NAMES, assert_same, small_batch, small_tasks

BATCH = small_batch(size=40)


def arrays(**changes):
    options = {'inputs': BATCH.inputs, 'targets': BATCH.targets, 'tasks': small_tasks()}
    return data.arrays(**(options | changes))


def test_batch_indices_are_a_function_of_seed_and_step():
    whole = data.batch_indices(23, 4, seed=1, start=0, stop=17)
    assert whole.dtype == np.int32
    np.testing.assert_array_equal(whole, data.batch_indices(23, 4, seed=1, start=0, stop=17))
    assert (whole != data.batch_indices(23, 4, seed=2, start=0, stop=17)).any()
    for start in range(17):
        for stop in range(start, 18):
            part = data.batch_indices(23, 4, seed=1, start=start, stop=stop)
            np.testing.assert_array_equal(part, whole[start:stop])


def test_an_epoch_sees_no_example_twice():
    epochs = data.batch_indices(20, 4, seed=0, start=0, stop=10).reshape(2, -1)
    for epoch in epochs:
        assert sorted(epoch) == list(range(20))
    assert (epochs[0] != epochs[1]).any()
    partial = data.batch_indices(23, 4, seed=0, start=0, stop=5).ravel()
    assert len(set(partial)) == 20


@pytest.mark.parametrize(('size', 'said'), [(0, '>= 1'), (-1, '>= 1'), (24, '1 and the 23')])
def test_batch_sizes_that_are_refused(size, said):
    with pytest.raises(ValueError, match=f'{said}.*Found batch_size = {size}'):
        data.batch_indices(23, size, seed=0, start=0, stop=1)


def test_batches_of_a_split():
    split = data.array_split(BATCH.inputs, BATCH.targets)
    found = list(split.batches(16, epochs=2))
    assert len(found) == 4
    rows = data.batch_indices(40, 16, 0, 3, 4)[0]
    assert_same(found[3], split.take(rows))
    assert set(split.example.targets) == set(NAMES)
    assert split.example.inputs.shape == (2, 5)


def originals(canvas):
    """What no partner covers: the two first rows of the upper left digit."""
    return {row.tobytes() for row in canvas[:, :2, :8]}


def test_digits():
    dataset = data.digits(train=600, validation=200, test=200)
    again = data.digits(train=600, validation=200, test=200)
    splits = (dataset.train, dataset.validation, dataset.test)
    for split, same in zip(splits, (again.train, again.validation, again.test), strict=True):
        assert_same(split.arrays, same.arrays)
    other = data.digits(train=600, validation=200, test=200, seed=1)
    assert (other.train.arrays.inputs != dataset.train.arrays.inputs).any()
    assert [split.size for split in splits] == [600, 200, 200]
    inputs = dataset.train.arrays.inputs
    assert (inputs.dtype, inputs.min(), inputs.max()) == (np.float32, 0, 1)
    assert all(set(y) == set(range(10)) for y in dataset.train.arrays.targets.values())


def test_digits_are_split_by_originals():
    images = load_digits().data.astype(np.float32).reshape(-1, 8, 8) / 16
    tops, counts = np.unique(images[:, :2].reshape(len(images), -1), axis=0, return_counts=True)
    unique = {top.tobytes() for top in tops[counts == 1]}  # the top of one original alone
    dataset = data.digits(train=4000, validation=1000, test=1000)
    splits = (dataset.train, dataset.validation, dataset.test)
    train, validation, test = (originals(split.arrays.inputs) & unique for split in splits)
    assert min(len(train), len(validation), len(test)) > 100
    assert not train & validation
    assert not (train | validation) & test


def test_digits_shows_both_originals():
    split = data.digits(train=50, validation=1, test=1).train
    left, right = split.arrays.inputs[:, :2, :8], split.arrays.inputs[:, 8:, 2:]
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8).astype(np.float32) / 16
    for index in range(50):
        for name, seen, own in (('left', left, images[:, :2]), ('right', right, images[:, 6:])):
            same = (own == seen[index]).all((1, 2))
            assert split.arrays.targets[name][index] in labels[same]


@pytest.mark.parametrize('sizes', [{'train': 0}, {'validation': -1}, {'test': 0}])
def test_digits_without_examples(sizes):
    with pytest.raises(ValueError, match=r'should be a whole number >= 1'):
        data.digits(**sizes)


def test_arrays_of_a_user():
    x, y = np.random.default_rng(0).normal(size=(2, 50))
    price = Task(heads.linear(), optax.squared_error)
    dataset = data.arrays(x[:, None], {'price': y}, {'price': price})
    splits = (dataset.train, dataset.validation, dataset.test)
    assert [split.size for split in splits] == [35, 5, 10]
    seen = np.concatenate([split.arrays.targets['price'] for split in splits])
    np.testing.assert_array_equal(np.sort(seen), np.sort(y.astype(np.float32)))
    dtypes = {leaf.dtype for leaf in jax.tree.leaves(dataset.train.arrays)}
    assert dtypes == {np.dtype(np.float32), np.dtype(bool)}
    pairs = np.stack([dataset.train.arrays.inputs[:, 0], dataset.train.arrays.targets['price']])
    assert {tuple(p) for p in pairs.T} <= set(zip(np.float32(x), np.float32(y), strict=True))


def test_labels_that_are_missing():
    target = BATCH.targets | {'b': np.where(np.arange(40) % 3, BATCH.targets['b'], np.nan)}
    dataset = arrays(targets=target, mask={'b': np.isfinite(target['b'])})
    assert list(dataset.tasks) == list(NAMES)
    held = dataset.train.arrays
    assert np.isfinite(held.targets['b']).all()
    assert not held.mask['b'].all()
    assert held.mask['wide'].all()


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'targets': {'b': BATCH.targets['b']}}, r"same names.*\['wide', 'b', 'a'\].*\['b'\]"),
        ({'inputs': BATCH.inputs[:39]}, 'inputs has 39, .* has 40'),
        ({'inputs': np.float32(1)}, 'inputs should have a leading axis.*Found a scalar'),
        ({'mask': {'c': np.ones(40, bool)}}, r"should name tasks with targets, .*Found \['c'\]"),
        ({'mask': {'b': np.ones(39, bool)}}, r"mask\['b'\].*\(40,\).*Found \(39,\)"),
        ({'mask': {'b': np.ones((40, 1), bool)}}, r'Found \(40, 1\)'),
        ({'mask': {'b': np.full(40, 0.5)}}, r"mask\['b'\] should be boolean. Found dtype float64"),
        ({'test': 0.0}, 'Every split should hold an example.*test = 0.0'),
        ({'test': 0.5, 'validation': 0.5}, 'Every split should hold an example'),
    ],
)
def test_arrays_that_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        arrays(**changes)


def test_targets_that_are_not_finite():
    target = BATCH.targets | {'b': BATCH.targets['b'].copy()}
    target['b'][[3, 7]] = np.nan, np.inf
    with pytest.raises(
        ValueError, match=r"'b' should be finite. Found nan at \(3,\), and 2 such.*mask={'b'"
    ):
        arrays(targets=target)


def test_empty_arrays():
    with pytest.raises(ValueError, match='A split should hold an example'):
        data.array_split(np.ones((0, 2)), {'b': np.ones(0)})
    with pytest.raises(ValueError, match=r'targets should be \{task: array'):
        data.array_split(np.ones((2, 2)), {})


def test_integers_that_do_not_fit():
    with pytest.raises(ValueError, match=r'should fit int32.*up to 1099511627779'):
        data.array_split(np.array([2**40 + 3]), {'y': np.ones(1)})


def test_no_epoch_is_no_batch():
    split = data.array_split(np.ones((4, 1)), {'y': np.ones(4)})
    assert list(split.batches(2, epochs=0)) == []
    with pytest.raises(ValueError, match='the 4 training examples'):
        next(split.batches(5))


def test_one_task_alone():
    x, y = np.arange(12, dtype=np.float32)[:, None], np.arange(12, dtype=np.float32)
    known = np.arange(12) % 3 == 0
    split = data.array_split(x, {'b': y, 'a': -y}, {'b': known})
    task = Task(heads.linear(), optax.squared_error, {'mae': metrics.mae()})
    whole = Dataset({'b': task, 'a': task}, split, split, split, inputs={'numeric': 1})
    alone = data.only(whole, 'b')
    assert alone.train.arrays.inputs[:, 0].tolist() == [0, 3, 6, 9]
    assert alone.train.arrays.targets['b'].tolist() == [0, 3, 6, 9]
    assert alone.test.size == 4
    assert alone.inputs == {'numeric': 1}
    large = data.only(whole, 'b', batch_size=5)
    assert large.train.size == 12
    assert large.train.arrays.mask['b'].tolist() == known.tolist()
    assert large.test.size == 4
    assert data.only(whole, 'a').train.arrays.targets['a'].tolist() == (-y).tolist()


def test_one_task_alone_has_its_own_inputs():
    x = {'b': np.zeros((4, 2), np.float32), 'a': np.ones((4, 2), np.float32)}
    y = dict.fromkeys(x, np.zeros(4, np.float32))
    task = Task(heads.linear(), optax.squared_error)
    split = data.array_split(x, y)
    for per_task_inputs in (False, True):
        whole = Dataset(
            dict.fromkeys(x, task), split, split, split, per_task_inputs=per_task_inputs
        )
        found = data.only(whole, 'a').train.example.inputs
        assert (found == 1).all() if per_task_inputs else set(found) == {'a', 'b'}


def test_a_task_that_is_not_there_or_has_no_label():
    split = data.array_split(np.zeros((4, 2)), {'b': np.zeros(4)}, {'b': np.zeros(4, bool)})
    task = Task(heads.linear(), optax.squared_error)
    whole = Dataset({'b': task}, split, split, split)
    with pytest.raises(ValueError, match="Found 'c'"):
        data.only(whole, 'c')
    with pytest.raises(ValueError, match="train split should hold labels of task 'b'"):
        data.only(whole, 'b')
