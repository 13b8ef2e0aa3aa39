"""AliExpress: big tables of clicks and conversions."""

import gzip

import numpy as np
import pytest

from mtljax import data, testing
from mtljax.data._aliexpress import files

NAMES = [
    'search_id',
    *(f'categorical_{number}' for number in range(1, 17)),
    *(f'numerical_{number}' for number in range(1, 64)),
    'click',
    'conversion',
]
RNG = np.random.default_rng(0)


def table(size, high):
    kinds = RNG.integers(3, high, size=(size, 16)) * 10
    numbers = RNG.normal(4, 2, size=(size, 63)).round(4)
    numbers[:, -1] = 0
    click = np.arange(size) % 3 == 0
    return kinds, numbers, np.stack([click, click & (np.arange(size) % 2 == 0)], axis=1)


TRAIN, TEST = table(20, 7), table(11, 9)
TEST[1][:, -1] = np.arange(11)


def lines(kinds, numbers, labels):
    rows = zip(kinds, numbers, labels.astype(int), strict=True)
    return [','.join(NAMES), *(','.join(map(str, [i, *k, *n, *y])) for i, (k, n, y) in
                               enumerate(rows))]  # fmt: skip


def write(folder, form='{}.csv', change=lambda rows: rows):
    for part, content in (('train', TRAIN), ('test', TEST)):
        rows = lines(*content)
        text = '\n'.join(change(rows) if part == 'train' else rows) + '\n'
        path = folder / form.format(part)
        path.write_bytes(gzip.compress(text.encode()) if form.endswith('gz') else text.encode())
    return folder


@pytest.mark.parametrize('form', ['{}.csv', '{}.csv.gz', 'aliexpress_{}_sample.csv'])
def test_values(tmp_path, monkeypatch, form):
    monkeypatch.setattr(files, '_CHUNK', 7)
    dataset = data.aliexpress(write(tmp_path, form))
    testing.check_data(dataset)
    assert list(dataset.tasks) == ['click', 'conversion']
    assert [split.size for split in (dataset.train, dataset.validation, dataset.test)] == [20, 6, 5]
    kinds, numbers, labels = TRAIN
    known = [np.unique(column) for column in kinds.T]
    assert dataset.inputs == {'cardinalities': tuple(map(len, known)), 'numeric': 63}
    train = dataset.train.arrays
    assert train.inputs['categorical'].dtype == np.int32
    assert train.inputs['numeric'].dtype == np.float32
    assert {y.dtype for y in train.targets.values()} == {np.dtype(np.int32)}
    for column in range(16):
        restored = known[column][train.inputs['categorical'][:, column]]
        np.testing.assert_array_equal(restored, kinds[:, column])
    mean, sd = numbers.mean(0), np.where(numbers.std(0) > 0, numbers.std(0), 1)
    held = np.concatenate([s.arrays.inputs['numeric'] for s in (dataset.validation, dataset.test)])
    assert (held[:, -1] == 0).all()  # constant in training
    np.testing.assert_allclose(train.inputs['numeric'], (numbers - mean) / sd, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(train.targets['click'], labels[:, 0])
    np.testing.assert_array_equal(train.targets['conversion'], labels[:, 1])


def test_the_test_file_is_halved(tmp_path):
    dataset, other = (data.aliexpress(write(tmp_path), seed=seed) for seed in (0, 1))
    mean, sd = TRAIN[1][:, 0].mean(), TRAIN[1][:, 0].std()
    held = [dataset.validation.arrays, dataset.test.arrays]
    found = np.concatenate([part.inputs['numeric'][:, 0] for part in held])
    expected = (TEST[1][:, 0] - mean) / sd
    np.testing.assert_allclose(np.sort(found), np.sort(expected), rtol=1e-4)
    unknown = sum(int((part.inputs['categorical'] == -1).sum()) for part in held)
    absent = [~np.isin(TEST[0][:, j], TRAIN[0][:, j]) for j in range(16)]
    assert unknown == np.sum(absent) > 0
    assert (other.test.arrays.inputs['numeric'] != held[1].inputs['numeric']).any()


def test_columns_in_any_order(tmp_path):
    first = data.aliexpress(write(tmp_path)).train.arrays
    turned = data.aliexpress(
        write(tmp_path, change=lambda rows: [','.join(row.split(',')[::-1]) for row in rows])
    ).train.arrays
    np.testing.assert_array_equal(first.inputs['numeric'], turned.inputs['numeric'])
    np.testing.assert_array_equal(first.targets['conversion'], turned.targets['conversion'])


def edit(row, column, cell):
    """A change of one cell."""

    def change(rows):
        cells = rows[row].split(',')
        cells[NAMES.index(column)] = cell
        return [*rows[:row], ','.join(cells), *rows[row + 1 :]]

    return change


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda rows: [''], 'train.csv should hold rows'),
        (lambda rows: rows[:1], 'train.csv should hold rows below its header'),
        (lambda rows: rows[1:], r"train.csv should have the columns \['categorical_1'"),
        (edit(0, 'click', 'klick'), r"should have the columns \['click'\]"),
        (lambda rows: [*rows[:-1], rows[-1][:-30]], r'line 21: the row should have 82 fields'),
        (edit(9, 'categorical_3', 'x'), "row 10: 'categorical_3' should be a whole.*Found 'x'"),
        (edit(9, 'categorical_3', '1.5'), "row 10: 'categorical_3' should be a whole"),
        (edit(9, 'categorical_3', '9' * 30), "row 10: 'categorical_3' should be a whole"),
        (edit(9, 'numerical_60', 'x'), "row 10: 'numerical_60' should be a number. Found 'x'"),
        (edit(9, 'numerical_60', ''), "row 10: 'numerical_60' should be a number. Found ''"),
        (edit(9, 'numerical_60', 'nan'), "row 10: 'numerical_60' should be finite"),
        (edit(9, 'conversion', '2'), "row 10: 'conversion' should be 0 or 1. Found 2"),
        (edit(9, 'conversion', '1'), 'row 10: a conversion should have a click'),
        (edit(0, 'search_id', 'numerical_8'), r"Found twice: \['numerical_8'\]"),
        (edit(9, 'numerical_7', '1e39'), "row 10: 'numerical_7' should be finite"),
    ],
)
def test_files_that_are_refused(tmp_path, monkeypatch, change, message):
    monkeypatch.setattr(files, '_CHUNK', 7)
    with pytest.raises(ValueError, match=message):
        data.aliexpress(write(tmp_path, change=change))


@pytest.mark.parametrize('name', ['aliexpress_train_sample.csv', 'aliexpress_test_sample.csv.gz'])
def test_both_names_of_a_file(tmp_path, name):
    write(tmp_path)
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r'should hold the files of one of .*Found files of each'):
        data.aliexpress(tmp_path)


def test_other_refusals(tmp_path):
    with pytest.raises(ValueError, match='seed should be'):
        data.aliexpress(write(tmp_path), seed=-1)
    (tmp_path / 'test.csv').write_text('\n'.join(lines(*TEST)[:2]))
    with pytest.raises(ValueError, match=r'2 rows or more. Found 1'):
        data.aliexpress(tmp_path)
    (tmp_path / 'test.csv').unlink()
    with pytest.raises(FileNotFoundError, match=r'test.csv is missing(.|\n)*tianchi'):
        data.aliexpress(tmp_path)
