"""A user's table: what its columns are taken for, what is masked, and what is refused."""

import gzip
import importlib
import inspect

import jax
import numpy as np
import pytest

from experiments import build
from experiments.program import UsageError
from mtljax import data, testing
from tests.data.houses import COLUMNS, ROWS, TARGETS, loader, numbered, text, whole
from tests.helpers import assert_same


@pytest.fixture
def path(tmp_path):
    (tmp_path / 'houses.csv').write_text(text(ROWS), encoding='utf-8')
    return tmp_path / 'houses.csv'


@pytest.fixture
def houses_of(path):
    return loader(path)


def test_what_becomes_of_each_column(houses_of):
    dataset = houses_of(drop=['key'])
    testing.check_data(dataset)
    assert list(dataset.tasks) == list(TARGETS)
    assert [s.size for s in (dataset.train, dataset.validation, dataset.test)] == [42, 6, 12]
    held = dataset.train.arrays
    assert {k: (v.shape, v.dtype) for k, v in held.inputs.items()} == {
        'categorical': ((42, 1), np.int32),
        'numeric': ((42, 4), np.float32),
    }
    assert dataset.inputs['numeric'] == 4
    assert dataset.inputs['cardinalities'][0] in (3, 4)
    assert {t: list(dataset.tasks[t].metrics) for t in TARGETS} == {
        'price': ['mae', 'rmse'],
        'sold': ['auc', 'binary_accuracy'],
        'state': ['accuracy'],
    }
    x = {'price': (2,), 'sold': (2,), 'state': (2, 3)}
    for task, shape in x.items():
        head = dataset.tasks[task].head
        made = jax.eval_shape(
            lambda h=head: h.apply(*h.init(jax.random.key(0), np.ones((2, 5))), np.ones((2, 5)))[0]
        )
        assert made.shape == shape
    dtypes = {task: y.dtype for task, y in held.targets.items()}
    assert dtypes == {'price': np.float32, 'sold': np.int32, 'state': np.int32}


def test_labels_and_masks_follow_the_cells(houses_of):
    dataset = houses_of(('key', *TARGETS), rows=numbered(ROWS))
    scale = whole(dataset, lambda s: s.targets['key'])
    order = np.argsort(np.argsort(scale))  # the key grows with the row
    held = [ROWS[index] for index in order]
    for task in TARGETS:
        mask = whole(dataset, lambda s, t=task: s.mask[t])
        assert mask.tolist() == [row[task] != '' for row in held]
    sold = whole(dataset, lambda s: s.targets['sold'])
    assert sold.tolist() == [float(row['sold'] == 'yes') for row in held]
    state = whole(dataset, lambda s: s.targets['state'])
    assert state.tolist() == [['new', 'old', 'ruin'].index(row['state']) for row in held]
    train = [row for row in held[: dataset.train.size] if row['price']]
    price = np.array([float(row['price']) for row in train])
    found = dataset.train.arrays.targets['price'][dataset.train.arrays.mask['price']]
    np.testing.assert_allclose(found, (price - price.mean()) / price.std(), rtol=1e-5)
    np.testing.assert_allclose(dataset.tasks['price'].inverse(found), price, rtol=1e-5)
    expected = {'mae': abs(price - price.mean()).mean(), 'rmse': price.std()}
    for name, metric in dataset.tasks['price'].metrics.items():
        error = metric.result(metric.update(np.zeros_like(found), found, np.ones(len(found), bool)))
        np.testing.assert_allclose(error, expected[name], rtol=1e-5)


def test_inputs_are_made_from_training_rows(houses_of):
    dataset = houses_of('key', rows=numbered(ROWS), drop=TARGETS)
    order = np.argsort(np.argsort(whole(dataset, lambda s: s.targets['key'])))
    held = [ROWS[index] for index in order]
    train = held[: dataset.train.size]
    known = sorted({row['city'] for row in train} - {''})
    expected = [known.index(row['city']) if row['city'] in known else -1 for row in held]
    found = whole(dataset, lambda s: s.inputs['categorical'])
    assert found[:, 0].tolist() == expected
    assert dataset.inputs['cardinalities'] == (len(known),)
    area = np.array([float(row['area']) for row in train if row['area']])
    expected = [
        (float(row['area']) - area.mean()) / area.std() if row['area'] else 0 for row in held
    ]
    numeric = whole(dataset, lambda s: s.inputs['numeric'])
    np.testing.assert_allclose(numeric[:, 1], expected, rtol=1e-4, atol=1e-6)


def test_a_category_that_training_rows_lack_is_unknown(houses_of):
    rows = [row | {'city': row['city'] or 'Rome'} for row in numbered(ROWS)]  # no cell is empty
    unknown = []
    for seed in range(6):
        options = {'drop': COLUMNS[2:6], 'seed': seed, 'stratify': False}
        dataset = houses_of(('key', 'state'), rows=rows, **options)
        found = whole(dataset, lambda s: s.inputs['categorical'])[:, 0]
        key = whole(dataset, lambda s: s.targets['key'])
        unknown.append(found[key == key.min()].item())
        assert (found[key > key.min()] >= 0).all()
        assert found.max() < dataset.inputs['cardinalities'][0]
        once = key[: dataset.train.size].min() > key.min()  # is the first row held out?
        assert (unknown[-1] == -1) == once
    assert set(unknown) == {-1, 1}  # sorted: Bern, Once, Oslo, ...


def test_a_category_column_without_a_value_in_training(houses_of):
    rows = [row | {'city': ''} for row in numbered(ROWS)]
    probe = houses_of('key', rows=rows, drop=TARGETS)
    held = np.argsort(np.argsort(whole(probe, lambda s: s.targets['key'])))[-1]  # a test row
    rows[held]['city'] = 'Oslo'
    dataset = houses_of('key', rows=rows, drop=TARGETS)
    assert dataset.inputs['cardinalities'] == (1,)
    assert (whole(dataset, lambda s: s.inputs['categorical']) == -1).all()


def test_numbers_can_be_names(houses_of):
    found = houses_of(('grade', 'rooms'), drop=['key'], categorical=['grade', 'storeys'])
    assert list(found.tasks['grade'].metrics) == ['accuracy']
    assert list(found.tasks['rooms'].metrics) == ['mae', 'rmse']
    assert len(found.inputs['cardinalities']) == 4
    assert set(found.train.arrays.targets['grade']) == {0, 1, 2, 3}
    without = houses_of(('rooms',), drop=['key'])
    assert without.train.arrays.inputs['numeric'].shape[1] == 4  # grade and storeys among them
    assert found.train.arrays.inputs['numeric'].shape[1] == 2


@pytest.mark.parametrize(('low', 'high'), [('0', '1'), ('9', '10'), ('-1.5', '2'), ('a', 'b')])
def test_the_larger_number_or_later_text_of_two_is_one(houses_of, low, high):
    rows = [row | {'sold': high if index % 3 else low} for index, row in enumerate(ROWS)]
    dataset = houses_of('sold', rows=rows, drop=['key'])
    sold = whole(dataset, lambda s: s.targets['sold'])
    assert (sold.sum(), sold.dtype) == (40, np.int32)
    assert list(dataset.tasks['sold'].metrics) == ['auc', 'binary_accuracy']


def test_a_kind_without_columns_is_left_out(houses_of):
    numbers = houses_of('sold', drop=['key', 'city', 'state'])
    assert list(numbers.train.arrays.inputs) == ['numeric']
    assert numbers.inputs == {'cardinalities': (), 'numeric': 5}
    names = houses_of('sold', drop=['key', 'rooms', 'area', 'storeys', 'price', 'grade'])
    assert list(names.train.arrays.inputs) == ['categorical']
    assert names.inputs['numeric'] == 0


def test_the_report_has_a_line_per_column(houses_of, capsys):
    houses_of(drop=['key'], verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 11
    assert lines.pop().startswith("Left out: 'blank' (it has no value), 'key' (the option drop")
    roles = ['target'] * 3 + ['input'] * 6
    assert len({line.index(role) for line, role in zip(lines[1:], roles, strict=True)}) == 1
    assert lines[2].startswith('sold ')
    assert "target  binary       1 is 'yes', 0 is 'no' " in lines[2]
    assert '100.0 %' in next(line for line in lines if line.startswith('blank'))
    houses_of(drop=['key'])
    assert capsys.readouterr().out == ''


def test_the_seed_moves_the_rows_and_repeats_itself(houses_of):
    prices = [houses_of(drop=['key'], seed=seed).test.arrays.targets['state'] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(prices[0], prices[1])
    assert (prices[0] != prices[2]).any()


def test_what_spreadsheets_write(tmp_path):
    rows = text([row | {'city': '"Bern, old"'} for row in ROWS])
    path = tmp_path / 'a.csv.gz'
    path.write_bytes(gzip.compress(b'\xef\xbb\xbf' + rows.replace('\n', '\r\n').encode()))
    dataset = data.csv(path, 'price', drop=['key'])
    assert dataset.inputs['cardinalities'] == (1, 2, 3)


def test_what_stands_for_no_value(houses_of):
    marks = ['NA', 'N/A', 'n/a', 'nan', 'NaN', 'NULL', 'null', 'None', '?']
    rows = [
        row | {name: row[name] or marks[index % 9] for name in COLUMNS}
        for index, row in enumerate(ROWS)
    ]
    found, plain = houses_of(rows=rows, drop=['key']), houses_of(rows=ROWS, drop=['key'])
    assert found.inputs == plain.inputs
    assert_same(found.train.arrays, plain.train.arrays)
    assert_same(found.test.arrays, plain.test.arrays)
    mine = [row | {'area': row['area'] or '-9'} for row in ROWS]
    again = houses_of(rows=mine, drop=['key'], missing='-9')
    assert_same(again.train.arrays, plain.train.arrays)


def test_other_delimiters(path):
    expected = data.csv(path, 'state', drop='key')
    for mark, name in ((';', ';'), ('\t', r'\\t')):
        path.write_text(text(ROWS).replace(',', mark))
        with pytest.raises(
            ValueError, match=f"line 1: fields should have ',' between.*delimiter='{name}'"
        ):
            data.csv(path, 'state', drop='key')
        assert_same(
            data.csv(path, 'state', drop='key', delimiter=mark).test.arrays, expected.test.arrays
        )


def test_a_home_is_expanded(path, monkeypatch):
    monkeypatch.setenv('HOME', str(path.parent))
    assert data.csv('~/houses.csv', 'state', drop='key').train.size == 42


def test_inputs_that_are_constant_in_training(houses_of):
    rows = [row | {'rooms': '3'} for row in numbered(ROWS)]
    probe = houses_of('key', rows=rows, drop=TARGETS)
    held = np.argsort(np.argsort(whole(probe, lambda s: s.targets['key'])))[-1]  # a test row
    rows[held]['rooms'] = '9000'
    dataset = houses_of('key', rows=rows, drop=TARGETS)
    assert (whole(dataset, lambda s: s.inputs['numeric'])[:, 0] == 0).all()


def test_errors_of_a_target_far_from_0(houses_of):
    """Its mean is 10,000,000 times its scale: in float32 the units would swallow the errors."""
    rows = [row | {'price': f'{1e7 + index / 60:.6f}'} for index, row in enumerate(ROWS)]
    dataset = houses_of('price', rows=rows, drop=['key'])
    batch = dataset.test.arrays
    predicted = batch.targets['price'] + np.float32(0.1)
    scale = np.std([1e7 + index / 60 for index in range(60)])
    for metric in dataset.tasks['price'].metrics.values():
        found = metric.result(metric.update(predicted, batch.targets['price'], batch.mask['price']))
        assert float(found) == pytest.approx(0.1 * scale, rel=0.1)


def test_the_config(path):
    config = importlib.import_module('configs.csv').get_config()
    with pytest.raises(UsageError, match=r'--config\.data\.path=houses\.csv'):
        build.setup(config)
    options = inspect.signature(data.csv).parameters
    for name, value in config.data.items():
        if name not in ('fn', 'path', 'targets'):
            assert value == options[name].default
    assert set(options) == set(config.data) - {'fn'}
    config.data.path, config.data.targets, config.data.drop = str(path), TARGETS, ('key',)
    built = build.setup(config)
    assert built.model.tasks == TARGETS
    x = built.dataset.train.example.inputs
    params, _ = jax.eval_shape(built.model.init, jax.random.key(0), x)
    assert sorted(params['task']['heads']) == sorted(TARGETS)
    with pytest.raises(ValueError, match=r"no variants\. Found 'wide'"):
        importlib.import_module('configs.csv').get_config('wide')
