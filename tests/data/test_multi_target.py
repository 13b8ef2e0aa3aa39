"""Several targets: .arff, .csv and .mat files."""

import gzip

import numpy as np
import pytest
from scipy.io import savemat

from mtljax import data, testing
from tests.helpers import assert_same

RNG = np.random.default_rng(0)
X = RNG.normal(3, 2, size=(40, 2)).round(3)
KIND = np.array(['A', 'b c', 'D'])[np.arange(40) % 3]
Y = RNG.normal([5, -100], [2, 30], size=(40, 2)).round(3)
HEAD = """% a comment
@RELATION 'a set'

@attribute "'x 1'" NUMERIC
@ATTRIBUTE kind {A,'b c', D}
@attribute x2 real
@attribute y1 numeric
@attribute 'y 2' Integer

@DATA
"""


def lines(missing=()):
    quoted = [f"'{kind}'" if ' ' in kind else kind for kind in KIND]
    rows = [[a, k, b, *y] for (a, b), k, y in zip(X, quoted, Y, strict=True)]
    for row, column in missing:
        rows[row][column] = '?'
    return [', '.join(map(str, row)) for row in rows]


def arff(folder, missing=(), name='set.arff'):
    text = HEAD + '\n'.join(lines(missing)[:20]) + '\n\n% half\n' + '\n'.join(lines(missing)[20:])
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith('gz') else text.encode())
    return path


def units(dataset, split, task, metric='rmse'):
    """The metric of predicting the mean of training."""
    batch, found = split.arrays, dataset.tasks[task].metrics[metric]
    zeros = np.zeros(split.size, np.float32)
    return float(found.result(found.update(zeros, batch.targets[task], batch.mask[task])))


@pytest.mark.parametrize('name', ['set.arff', 'set.arff.gz'])
def test_arff(tmp_path, name):
    dataset = data.multi_target(arff(tmp_path, name=name), targets=2)
    testing.check_data(dataset)
    assert list(dataset.tasks) == ['y1', 'y 2']
    assert [s.size for s in (dataset.train, dataset.validation, dataset.test)] == [28, 4, 8]
    train = dataset.train.arrays
    assert train.inputs.shape == (28, 5)
    np.testing.assert_allclose(train.inputs[:, [0, 4]].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(train.inputs[:, [0, 4]].std(0), 1, atol=1e-5)
    np.testing.assert_allclose(train.targets['y 2'].std(), 1, atol=1e-5)


def test_rows_stay_together_and_units_return(tmp_path):
    parts = [np.arange(30), [30, 31], [39, 33]]
    dataset = data.multi_target(arff(tmp_path), targets=['y 2'], split=parts)
    mean, sd = X[:30].mean(0), X[:30].std(0)
    test = dataset.test.arrays
    np.testing.assert_allclose(test.inputs[0, [0, 4]], (X[39] - mean) / sd, rtol=1e-4)
    np.testing.assert_array_equal(test.inputs[:, 1:4], np.eye(3)[[0, 0]])
    assert test.inputs.shape == (2, 6)  # y1 is an input now
    error = Y[[39, 33], 1] - Y[:30, 1].mean()
    assert units(dataset, dataset.test, 'y 2') == pytest.approx(np.sqrt((error**2).mean()), 1e-4)
    assert units(dataset, dataset.train, 'y 2') == pytest.approx(Y[:30, 1].std(), 1e-4)
    assert units(dataset, dataset.test, 'y 2', 'rrmse') == pytest.approx(1)
    assert dataset.tasks['y 2'].inverse(test.targets['y 2'])[0] == pytest.approx(Y[39, 1], 1e-4)


def test_missing_cells(tmp_path):
    missing = [(0, 0), (1, 1), (2, 3), (39, 4)]
    split = [np.arange(30), [30], [38, 39]]
    dataset = data.multi_target(arff(tmp_path, missing), targets=2, split=split)
    train, test = dataset.train.arrays, dataset.test.arrays
    assert train.inputs[0, 0] == 0
    np.testing.assert_array_equal(train.inputs[:3, 1:4], [[1, 0, 0], [0, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(train.mask['y1'], np.arange(30) != 2)
    assert train.mask['y 2'].all()
    np.testing.assert_array_equal(test.mask['y 2'], [True, False])
    kept = np.delete(Y[:30, 0], 2)
    expected = (Y[38, 0] - kept.mean()) / kept.std()
    assert test.targets['y1'][0] == pytest.approx(expected, rel=1e-4)


def test_csv_is_the_same(tmp_path):
    path = tmp_path / 'set.csv'
    rows = [[a, '' if i == 3 else b, *y] for i, ((a, b), y) in enumerate(zip(X, Y, strict=True))]
    rows[5][3] = '?'
    path.write_text('\n'.join(','.join(map(str, row)) for row in [['a', 'b', 'y1', 'y2'], *rows]))
    dataset = data.multi_target(path, targets=2, split=[np.arange(30), [30, 31], [32]])
    train, x = dataset.train.arrays, X[:30, 0]
    np.testing.assert_allclose(train.inputs[:, 0], (x - x.mean()) / x.std(), rtol=1e-4, atol=1e-6)
    assert train.inputs[3, 1] == 0
    np.testing.assert_array_equal(train.mask['y2'], np.arange(30) != 5)
    assert train.mask['y1'].all()


def cells(folder, changes=None, **arrays):
    sizes = (12, 20, 30)
    x = [np.c_[np.arange(n) + 100 * i, np.ones(n)].astype(np.uint8) for i, n in enumerate(sizes)]
    y = [np.arange(n)[:, None] + 10.0 * i for i, n in enumerate(sizes)]
    for name, index, value in changes or ():
        {'X': x, 'Y': y}[name][index] = value
    held = {}
    for name, parts in (('X', x), ('Y', y)):
        held[name] = np.empty((1, len(parts)), object)
        held[name][0] = parts
    path = folder / 'set.mat'
    savemat(path, held | arrays, do_compression=True)
    return path


def test_cells(tmp_path):
    path = cells(tmp_path)
    dataset = data.multi_target(path)
    names = ['task_1', 'task_2', 'task_3']
    assert list(dataset.tasks) == names
    splits = (dataset.train, dataset.validation, dataset.test)
    assert [split.size for split in splits] == [9 + 14 + 21, 1 + 2 + 3, 2 + 4 + 6]
    for split, counts in zip(splits, ([9, 14, 21], [1, 2, 3], [2, 4, 6]), strict=True):
        mask = np.stack([split.arrays.mask[name] for name in names])
        assert mask.sum(1).tolist() == counts
        assert (mask.sum(0) == 1).all()
    train = dataset.train.arrays
    assert (train.inputs[:, 1] == 0).all()  # constant
    seen = np.concatenate([s.arrays.inputs[:, 0] for s in splits])
    assert len(np.unique(seen)) == 62
    pooled = np.concatenate([train.targets[name][train.mask[name]] for name in names])
    np.testing.assert_allclose([pooled.mean(), pooled.std()], [0, 1], atol=1e-5)
    # In both, row i of a school holds i: the two standardised columns tell the same.
    first = train.mask['task_1']
    slope = np.polyfit(train.inputs[first, 0], train.targets['task_1'][first], 1)
    fitted = np.polyval(slope, train.inputs[first, 0])
    np.testing.assert_allclose(fitted, train.targets['task_1'][first], atol=1e-4)
    assert (train.targets['task_1'][~first] == 0).all()


def test_seeds_of_a_split(tmp_path):
    path = arff(tmp_path)
    first, again, other = (data.multi_target(path, targets=2, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.test.arrays.inputs, again.test.arrays.inputs)
    assert (first.test.arrays.inputs != other.test.arrays.inputs).any()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'should be a whole .arff file'),
        (HEAD[:-7], 'should be a whole .arff file'),
        (HEAD, 'should hold rows after @data'),
        ('@data\n1', 'line 1: @data should follow'),
        (HEAD + '1,A,2,3\n', 'line 11: .* 5 fields. Found 4'),
        (HEAD + '1,A,2,3,4\n1,E,2,3,4', r"line 12: 'kind' should be one of.*'b c'.*Found 'E'"),
        (HEAD + '1,A,2,3,4\n1,A,x,3,4', "row 12: 'x2' should be a number. Found 'x'"),
        (HEAD + '1,A,inf,3,4', "row 11: 'x2' should be a number. Found 'inf'"),
        (HEAD + '1,A,2,3,4\n\n% x\n1,A,1_0,3,4', "row 14: 'x2' should be a number. Found '1_0'"),
        (HEAD + '1,A,,3,4', r"line 11: a missing value should be '\?'. Found an empty"),
        (HEAD + '{0 1, 1 A}', 'line 11: the row should be dense'),
        (HEAD.replace('x2 real', 'x2 string'), "line 6: .*should be numeric.*Found 'string'"),
        (HEAD.replace('x2 real', 'y1 real'), "line 7: .*Found 'y1'"),
        (HEAD.replace('x2 real', 'x2'), "line 6: the line should be .*Found '@attribute x2'"),
        (HEAD.replace('x2 real', 'x2 real\nx3 real'), 'line 7: this line should be an @attribute'),
        (HEAD.replace('y1 numeric', 'y1 {1,2}') + '1,A,2,1,4', "'y1' should be numeric"),
    ],
)
def test_arff_files_that_are_refused(tmp_path, text, message):
    path = tmp_path / 'bad.arff'
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        data.multi_target(path, targets=2)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'should hold rows'),
        ('a,y1,y2\n', 'rows below its header'),
        ('a,y1,y1\n1,2,3', 'different names'),
        ('a,y1,y2\n1,2,3\n1,2', 'line 3: the row should have 3 fields'),
        ('a,y1,y2\n1,x,3', "row 2: 'y1' should be a number"),
        ('a,y1,y2\n1,2,3\n', 'Every split should hold an example'),
    ],
)
def test_csv_files_that_are_refused(tmp_path, text, message):
    path = tmp_path / 'bad.csv'
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        data.multi_target(path, targets=2)


@pytest.mark.parametrize(
    ('changes', 'arrays', 'message'),
    [
        ((), {'X': np.ones((3, 4))}, r'X should be cells. Found float64 \(3, 4\)'),
        ([('X', 1, np.ones((20, 3)))], {}, r'cell 2: X should be \[n, 2\].*Found \(20, 3\)'),
        ([('Y', 2, np.ones((29, 1)))], {}, r'cell 3: .* and \(29, 1\)'),
        ([('Y', 0, np.full((12, 1), np.nan))], {}, 'cell 1: X and Y should be finite'),
        ([('Y', 0, np.full((12, 1), 'x'))], {}, 'cell 1: X and Y should hold numbers'),
    ],
)
def test_cells_that_are_refused(tmp_path, changes, arrays, message):
    with pytest.raises(ValueError, match=message):
        data.multi_target(cells(tmp_path, changes, **arrays))


@pytest.mark.parametrize('size', [0, 100, 200, 300])
def test_a_mat_file_that_is_cut(tmp_path, size):
    path = cells(tmp_path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match=r'set.mat should be a whole MATLAB file'):
        data.multi_target(path)


def test_a_mat_file_with_other_names(tmp_path):
    savemat(tmp_path / 'other.mat', {'A': np.ones(3)})
    with pytest.raises(ValueError, match=r'X should be cells. Found nothing'):
        data.multi_target(tmp_path / 'other.mat')


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({}, r'set.arff with targets = None'),
        ({'targets': 5}, 'Found 5'),
        ({'targets': 0}, 'Found targets = 0'),
        ({'targets': True}, 'targets should be from 1 to 4.*Found True'),
        ({'targets': []}, r'not all. Found \[\]'),
        ({'targets': 'z'}, r"'x2'.*Found \['z'\]"),
        ({'targets': ['y1', 'y1']}, r"once each. Found twice: \['y1'\]"),
        ({'targets': 1, 'seed': -1}, 'seed should be'),
        ({'targets': 1, 'test': 1.0}, r'test should be in \[0, 1\)'),
        ({'targets': 1, 'validation': 1}, r'validation should be in \[0, 1\)'),
        ({'targets': 1, 'validation': True}, r'validation should be in \[0, 1\)'),
        ({'targets': 1, 'test': 0.0}, 'Every split should hold an example'),
        ({'targets': 1, 'split': [[0], [1]]}, 'the rows of training, validation and test'),
        ({'targets': 1, 'split': [[0], [1], [40]]}, 'of 40 rows'),
        ({'targets': 1, 'split': [[0], [1], [1]]}, 'every row once'),
    ],
)
def test_options_that_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        data.multi_target(arff(tmp_path), **options)


def test_one_name_may_stand_alone(tmp_path):
    path = arff(tmp_path)
    found, same = (data.multi_target(path, targets=name) for name in ('y1', ['y1']))
    assert list(found.tasks) == ['y1']
    assert_same(found.train.arrays, same.train.arrays)


def table_of(folder, rows):
    path = folder / 'set.csv'
    path.write_text('\n'.join(['a,b,y', *(','.join(map(str, row)) for row in rows)]))
    return path


def test_columns_that_are_constant_in_training(tmp_path):
    rows = [(index, 9000 if index > 7 else 3, index) for index in range(10)]
    split = [range(6), [6, 7], [8, 9]]
    dataset = data.multi_target(table_of(tmp_path, rows), targets=1, split=split)
    assert (dataset.test.arrays.inputs[:, 1] == 0).all()
    with pytest.raises(ValueError, match="Column 'b' should vary in the training rows"):
        data.multi_target(tmp_path / 'set.csv', targets='b', split=split)


def test_errors_of_a_target_far_from_0(tmp_path):
    """Its mean is 10,000,000 times its scale: in float32 the units would swallow the errors."""
    rows = [(index, -index, f'{1e7 + index / 40:.6f}') for index in range(40)]
    dataset = data.multi_target(table_of(tmp_path, rows), targets=1)
    batch, metric = dataset.train.arrays, dataset.tasks['y'].metrics['rmse']
    predicted = batch.targets['y'] + np.float32(0.1)
    found = metric.result(metric.update(predicted, batch.targets['y'], batch.mask['y']))
    assert float(found) == pytest.approx(0.1 * np.std(np.arange(40) / 40), rel=0.2)


def test_numbers_that_overflow(tmp_path):
    rows = [(index, index, '1e300' if index == 2 else index) for index in range(20)]
    for split in ([range(5), [6], [7]], [range(3, 9), [1], [2]]):
        with pytest.raises(ValueError, match=r"Column 'y' should fit float32\. Found numbers"):
            data.multi_target(table_of(tmp_path, rows), targets=1, split=split)


def test_other_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'set.arff is missing'):
        data.multi_target(tmp_path / 'set.arff', targets=1)
    (tmp_path / 'set.txt').write_text('1')
    with pytest.raises(ValueError, match=r'Found set.txt'):
        data.multi_target(tmp_path / 'set.txt', targets=1)
    with pytest.raises(ValueError, match=r'Found set.mat with targets = 1'):
        data.multi_target(cells(tmp_path), targets=1)
