"""A user's table: what its columns are taken for, what is masked, and what is refused."""

import gzip
import importlib

import jax
import numpy as np
import pytest

from experiments import _build
from experiments._program import UsageError
from mtljax import data

COLUMNS = ('key', 'city', 'rooms', 'area', 'storeys', 'blank', 'price', 'sold', 'state', 'grade')


def houses(size=60):
    """Rows of text; city, area, price and sold have gaps, and one city occurs once."""
    rng = np.random.default_rng(0)
    rows = []
    for index in range(size):
        city = ('Oslo', 'Bern', 'Zürich', '')[rng.integers(4)]
        row = {'key': f'k{index}', 'city': city if index else 'Once', 'blank': ''}
        row |= {'rooms': str(rng.integers(1, 6)), 'storeys': f'{rng.integers(1, 4)}'}
        row['area'] = f'{rng.uniform(30, 200):.1f}' if rng.random() < 0.8 else ''
        row['price'] = str(rng.integers(100, 999)) if rng.random() < 0.7 else ''
        row['sold'] = ('yes', 'no', '')[rng.integers(3)]
        row['state'] = ('new', 'old', 'ruin')[index % 3]
        row['grade'] = str(10 * rng.integers(1, 5))
        rows.append(row)
    return rows


ROWS = houses()
TARGETS = ('price', 'sold', 'state')


def text(rows, columns=COLUMNS):
    lines = [','.join(columns), *(','.join(row[name] for name in columns) for row in rows)]
    return '\n'.join(lines) + '\n'


@pytest.fixture
def path(tmp_path):
    (tmp_path / 'houses.csv').write_text(text(ROWS), encoding='utf-8')
    return tmp_path / 'houses.csv'


@pytest.fixture
def houses_of(path):
    def load(targets=TARGETS, *, rows=None, **options):
        if rows is not None:
            path.write_text(rows if isinstance(rows, str) else text(rows))
        return data.csv(path, targets, **options)

    return load


def whole(dataset, leaf):
    """A leaf of all splits, and which rows of the table it comes from."""
    splits = [s.arrays for s in (dataset.train, dataset.validation, dataset.test)]
    return np.concatenate([leaf(split) for split in splits])


def test_what_becomes_of_each_column(houses_of):
    dataset = houses_of(drop=['key'])
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


def numbered(rows):
    """The key as a number that is no input, so that rows of the splits can be told apart."""
    return [row | {'key': str(index)} for index, row in enumerate(rows)]


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
    metric = dataset.tasks['price'].metrics['mae']
    zeros = np.zeros_like(found)
    error = metric.result(metric.update(zeros, found, np.ones(len(found), bool)))
    np.testing.assert_allclose(error, abs(price - price.mean()).mean(), rtol=1e-5)


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


@pytest.mark.parametrize('seed', range(8))
def test_a_category_that_training_rows_lack_is_unknown(houses_of, seed):
    dataset = houses_of('state', drop=COLUMNS[2:6], seed=seed, categorical=['city'])
    counts = dataset.inputs['cardinalities']
    found = whole(dataset, lambda s: s.inputs['categorical'])
    assert (found < counts).all()
    assert found.min() == -1


def test_numbers_can_be_names(houses_of):
    found = houses_of(('grade', 'rooms'), drop=['key'], categorical=['grade', 'storeys'])
    assert list(found.tasks['grade'].metrics) == ['accuracy']
    assert list(found.tasks['rooms'].metrics) == ['mae', 'rmse']
    assert len(found.inputs['cardinalities']) == 4
    assert set(found.train.arrays.targets['grade']) == {0, 1, 2, 3}
    assert 'grade' not in houses_of(('sold',), drop=['key']).tasks


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
    assert len(lines) == 10
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


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'targets': ()}, r'targets is empty: name what to predict.*\(.grade.,\)'),
        (
            {'targets': ('cost', 'sold')},
            r"targets should name columns, \['key', .*Found \['cost'\]",
        ),
        ({'targets': ('sold', 'sold')}, r"targets names a column twice: \['sold'\]"),
        ({'targets': ('blank',)}, "target 'blank' has no label: every cell"),
        ({'targets': ('key',)}, "target 'key' has 60 classes; 50 at most"),
        ({'drop': ('rooms', 'nope')}, r"drop should name columns.*Found \['nope'\]"),
        ({'categorical': ('nope',)}, r"categorical should name columns.*Found \['nope'\]"),
        ({'drop': ('sold',)}, r"targets and drop both name \['sold'\]"),
        ({'drop': tuple(set(COLUMNS) - {*TARGETS, 'blank'})}, 'No column is left for the inputs'),
        ({'validation': 1.0}, r'validation should be in \[0, 1\)'),
        ({'test': 0.0}, 'Every split needs an example'),
        ({'seed': -1}, 'seed should be a whole number >= 0'),
    ],
)
def test_options_that_are_refused(houses_of, monkeypatch, options, said):
    monkeypatch.setattr('mtljax.data._csv_targets._CLASSES', 50)
    with pytest.raises(ValueError, match=said):
        houses_of(**({'targets': TARGETS} | options))


LINES = text(ROWS).splitlines()


@pytest.mark.parametrize(
    ('rows', 'said'),
    [
        ('', r'houses\.csv is empty'),
        (LINES[0], r'houses\.csv has a header and no row'),
        (
            '\n'.join([*LINES[:4], 'k,Oslo,3', *LINES[4:]]),
            'line 5: 10 fields are expected. Found 3',
        ),
        ('\n'.join(LINES)[:-9], 'line 61: 10 fields are expected. Found'),
        (LINES[0].replace('rooms', 'area'), r"Found twice: \['area'\]"),
        ([row | {'sold': 'yes'} for row in ROWS], r"target 'sold' has a single value, 'yes'"),
        (ROWS[:2], 'Every split needs an example. Found 2'),
    ],
)
def test_tables_that_are_refused(houses_of, rows, said):
    with pytest.raises(ValueError, match=said):
        houses_of(rows=rows)


def test_files_that_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nope\.csv is missing'):
        data.csv(tmp_path / 'nope.csv', ('a',))
    with pytest.raises(ValueError, match=r'should be a file.*is a folder'):
        data.csv(tmp_path, ('a',))
    (tmp_path / 'image.png').write_bytes(b'\x89PNG\r\n\x1a\n\xff\xfe')
    with pytest.raises(ValueError, match=r'image\.png, after row 0'):
        data.csv(tmp_path / 'image.png', ('a',))


def test_a_target_without_a_training_label(houses_of):
    seeds = range(30)
    alone = [row | {'price': row['price'] if index == 5 else ''} for index, row in enumerate(ROWS)]
    alone[6]['price'] = '7'
    said = []
    for seed in seeds:
        try:
            houses_of('price', rows=alone, drop=['key'], seed=seed)
        except ValueError as error:
            said.append(str(error))
    assert said
    assert all('no label in the training rows, and 2 in the others' in text for text in said)


def test_the_config(path):
    config = importlib.import_module('configs.csv').get_config()
    with pytest.raises(UsageError, match=r'--config\.data\.path=houses\.csv'):
        _build.setup(config)
    config.data.path, config.data.targets, config.data.drop = str(path), TARGETS, ('key',)
    built = _build.setup(config)
    assert built.model.tasks == TARGETS
    x = built.dataset.train.example.inputs
    params, _ = jax.eval_shape(built.model.init, jax.random.key(0), x)
    assert sorted(params['task']['heads']) == sorted(TARGETS)
    with pytest.raises(ValueError, match=r"no variants\. Found 'wide'"):
        importlib.import_module('configs.csv').get_config('wide')
