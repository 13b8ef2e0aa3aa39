"""What is taken of a user's arrays, and what is refused; columns of a table."""

import ml_dtypes
import numpy as np
import pytest

from mtljax import data
from mtljax.data._reading.open import read_bytes, read_lines
from mtljax.data._reading.scaling import standardise
from tests.helpers import regression

Y = np.arange(4.0)
X = np.ones((4, 2))


def test_a_list_of_numbers_is_an_array():
    split = data.array_split([[1, 2], [3, 4], [5, 6]], {'y': [0.5, 1, 2]}, {'y': [1, 0, 1]})
    assert split.arrays.inputs.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert split.arrays.targets['y'].tolist() == [0.5, 0, 2]
    assert split.arrays.targets['y'].dtype == np.float32
    tree = data.array_split([X, {'a': [1, 2, 3, 4]}], {'y': Y}).arrays.inputs
    assert [tree[0].shape, tree[1]['a'].shape] == [(4, 2), (4,)]


def test_other_types_of_numbers():
    x = {'bool': Y > 1, 'byte': np.uint8(Y), 'short': Y.astype(ml_dtypes.bfloat16)}
    found = data.array_split(x, {'y': -Y, 'count': np.uint8(Y)}).arrays
    assert found.inputs['short'].dtype == ml_dtypes.bfloat16
    assert found.inputs['bool'].dtype == bool
    assert found.targets['y'].tolist() == (-Y).tolist()


def test_classes_below_0_may_be_masked():
    labels = np.array([2, -1, 0, -100])
    split = data.array_split(X, {'y': labels}, {'y': labels >= 0})
    assert split.arrays.targets['y'].tolist() == [2, 0, 0, 0]


@pytest.mark.parametrize(
    ('inputs', 'targets', 'said'),
    [
        (np.array(['a', 'b', 'c', 'd']), Y, r"inputs should hold numbers. Found dtype <U1, .*'a'"),
        ({'x': X, 't': np.array(Y, 'M8[D]')}, Y, r"inputs\['t'\] should hold numbers.*datetime64"),
        ([1, None, 2, 3], Y, r'inputs should hold numbers. Found dtype object, first 1'),
        ([[1, 2], [3]], Y[:2], 'inputs should be an array'),
        (X, np.array([1, 2, 'x', 4], object), r"targets\['y'\] should hold numbers"),
        (
            [X, {'a': np.array([1, 2, np.nan, np.inf])}],
            Y,
            r"inputs\[1\]\['a'\] .* nan at \(2,\), and 2",
        ),
        (
            np.where(Y[:, None] == 3, 1e300, X),
            Y,
            r'inputs should fit float32. Found 1e\+300 at \(3, 0\)',
        ),
        (
            X,
            np.where(Y == 2, -1e39, Y),
            r"\['y'\] should fit float32. Found -1e\+39 at \(2,\), and 1 such",
        ),
        (
            X,
            np.array([0, 1, -1, 2]),
            r"'y' should be 0 or more.*Found -1 at \(2,\).*y >= 0",
        ),
        (
            X,
            np.array([[1, 0], [0, 1], [1, -2], [0, 0]]),
            r"'y' should be 0 or more.*Found -2 at \(2, 1\)",
        ),
        (X, np.array([0, 1, 2, 2**40]), r"targets\['y'\] should fit int32.*up to 1099511627776"),
    ],
)
def test_arrays_that_are_refused(inputs, targets, said):
    with pytest.raises(ValueError, match=said):
        data.array_split(inputs, {'y': targets})


def test_seeds_and_shares_of_arrays():
    for options, said in (({'seed': -1}, 'seed should be'), ({'test': 1}, 'test should be in')):
        with pytest.raises(ValueError, match=said):
            data.arrays(X, {'y': Y}, {'y': regression()}, **options)


def test_scales():
    values = np.array([[1.0, 5, np.nan, 2], [3, 5, np.nan, 2], [7, 9, 4, np.nan]])
    found, mean, scale = standardise(values, [0, 1])
    np.testing.assert_array_equal(mean, [2, 5, 0, 2])
    np.testing.assert_array_equal(scale, [1, 1, 1, 1])
    expected = [[-1, 0, np.nan, 0], [1, 0, np.nan, 0], [5, 0, 0, np.nan]]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ('values', 'targets', 'said'),
    [
        ([0, 1, 1e300], False, "Column 'b' should fit float32. Found numbers that are too large"),
        ([0, 1e200, 1], False, "Column 'b' should fit float32. Found numbers that are too large"),
        (
            [1e308, 1.5e308, 1],
            False,
            "Column 'b' should fit float32. Found numbers that are too large",
        ),
        ([0, 1e39, 1], True, "Column 'b' should fit float32. Found numbers that are too large"),
        (
            [0, 1e-45, 0],
            True,
            "Column 'b' should fit float32. Found numbers that are too large or too small",
        ),
        ([4, 4, 5], True, "Column 'b' should vary in the training rows"),
    ],
)
def test_columns_that_are_refused(values, targets, said):
    with pytest.raises(ValueError, match=said):
        standardise(np.stack([[1.0, 2, 3], values], axis=1), [0, 1], 'ab', targets=targets)


@pytest.mark.parametrize('read', [read_bytes, lambda path: list(read_lines(path))])
def test_folders_are_no_files(tmp_path, read):
    with pytest.raises(ValueError, match=r'should be a file\. Found a folder') as raised:
        read(tmp_path)
    assert str(tmp_path) in str(raised.value)
