"""Examples that are read when they are asked for."""

import numpy as np
import pytest

from mtljax import data
from mtljax.base import Batch
from tests.helpers import assert_same

ROWS = np.array([3, 1, 8, 5, 2])


def read(row):
    return Batch(
        {'x': np.full((2, 3), row, np.float32)},
        {'b': np.int32(row), 'a': np.full(4, -row, np.float32)},
        {'b': np.bool_(row % 2), 'a': np.full(4, row > 2)},
    )


def whole():
    targets = {'b': np.int32(ROWS), 'a': -np.float32(ROWS)[:, None].repeat(4, 1)}
    mask = {'b': ROWS % 2 > 0, 'a': (ROWS > 2)[:, None].repeat(4, 1)}
    inputs = {'x': np.float32(ROWS)[:, None, None] * np.ones((1, 2, 3), np.float32)}
    return data.ArraySplit(Batch(inputs, targets, mask))


def test_it_is_the_split_of_the_arrays():
    split, held = data.FileSplit(read, ROWS), whole()
    assert split.size == held.size == 5
    assert_same(split.example, held.example)
    assert held != whole()  # by identity: arrays are not equal or not
    assert len({held, split}) == 2
    for indices in (np.array([4, 0, 0]), [2], slice(1, 4), np.array([-1])):
        assert_same(split.take(indices), held.take(indices))
    pairs = zip(split.batches(2, epochs=2, seed=3), held.batches(2, epochs=2, seed=3), strict=True)
    assert sum(1 for found, true in pairs if assert_same(found, true) is None) == 4


def test_nothing_is_read_before_it_is_asked_for():
    seen = []
    split = data.FileSplit(lambda row: seen.append(row) or read(row), ROWS)
    assert split.size == 5
    assert not seen
    split.take(np.array([2, 4]))
    assert seen == [8, 2]
    assert all(type(row) is int for row in seen)


def test_what_is_refused():
    for rows in (np.array([], int), np.ones((2, 2), int)):
        with pytest.raises(ValueError, match='one or more'):
            data.FileSplit(read, rows)
    split = data.FileSplit(read, ROWS)
    with pytest.raises(IndexError):
        split.take(np.array([5]))
    with pytest.raises(ValueError, match='Found batch_size = 6'):
        next(split.batches(6))
