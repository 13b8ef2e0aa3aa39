"""KDD census-income: files of a few rows in the official form."""

import gzip
import importlib

import jax
import numpy as np
import pytest

from experiments import build
from mtljax import data, testing
from mtljax.data._census.columns import COLLEGE, COLUMNS, DENSE, INCOME, MARITAL, SCHOOL
from tests.helpers import assert_same

PACKAGED = ('census_income_1994_1995_train.csv', 'census_income_1994_1995_test.csv')
OFFICIAL = ('census-income.data', 'census-income.test')


def people(size, seed):
    """Rows as dictionaries; a country of birth that only the test file holds comes first there."""
    rng = np.random.default_rng(seed)
    rows = []
    for index in range(size):
        row = {name: ('NA', '?', f'{name} 1')[rng.integers(3)] for name in COLUMNS}
        row |= {name: str(rng.integers(100)) for name in DENSE}
        row['instance_weight'] = f'{rng.uniform(1, 2000):.2f}'
        row['income_50k'] = INCOME[rng.integers(2)]
        row['marital_stat'] = MARITAL[rng.integers(len(MARITAL))]
        row['education'] = (SCHOOL + COLLEGE)[index % 17]
        row['country_self'] = 'Atlantis' if seed == 1 and index == 0 else ' Ruritania '
        rows.append(row)
    return rows


TRAIN, TEST = people(40, 0), people(11, 1)


def text(rows):
    return '\n'.join(', '.join(row[name] for name in COLUMNS) for row in rows) + '\n'


@pytest.fixture
def folder(tmp_path):
    for name, rows in zip(PACKAGED, (TRAIN, TEST), strict=True):
        (tmp_path / name).write_text(text(rows))
    return tmp_path


def test_the_income_group(folder):
    dataset = data.census(folder)
    testing.check_data(dataset)
    kinds = [
        n for n in COLUMNS if n not in {*DENSE, 'instance_weight', 'income_50k', 'marital_stat'}
    ]
    assert list(dataset.tasks) == ['income', 'marital']
    assert [s.size for s in (dataset.train, dataset.validation, dataset.test)] == [40, 6, 5]
    held = dataset.train.arrays
    assert held.inputs['categorical'].shape == (40, 32)
    assert (held.inputs['categorical'].dtype, held.inputs['numeric'].dtype) == ('int32', 'float32')
    assert dataset.inputs['numeric'] == 7
    for index, name in enumerate(kinds):
        known = sorted({row[name].strip() for row in TRAIN})
        assert dataset.inputs['cardinalities'][index] == len(known)
        found = [known[number] for number in held.inputs['categorical'][:, index]]
        assert found == [row[name].strip() for row in TRAIN]
    income = [float(row['income_50k'] == '50000+.') for row in TRAIN]
    marital = [float(row['marital_stat'] == 'Never married') for row in TRAIN]
    assert held.targets['income'].tolist() == income
    assert held.targets['marital'].tolist() == marital
    assert all(mask.all() for mask in held.mask.values())
    assert all(y.dtype == np.int32 for y in held.targets.values())
    assert list(dataset.tasks['income'].metrics) == ['auc']


def test_the_test_file_is_halved_by_the_seed(folder):
    dataset, other = data.census(folder), data.census(folder, seed=1)
    halves = [(d.validation.arrays, d.test.arrays) for d in (dataset, other)]
    assert_same(dataset.train.arrays, other.train.arrays)
    ages = np.log1p([float(row['age']) for row in TRAIN])
    expected = (np.log1p([float(row['age']) for row in TEST]) - ages.mean()) / ages.std()
    found = [np.concatenate([half.inputs['numeric'][:, 0] for half in pair]) for pair in halves]
    for ages in found:
        np.testing.assert_allclose(np.sort(ages), np.sort(expected), rtol=1e-5)
    assert (found[0] != found[1]).any()


def test_what_only_the_test_file_holds_is_unknown(folder):
    dataset = data.census(folder)
    held = [split.arrays.inputs['categorical'] for split in (dataset.validation, dataset.test)]
    both = np.concatenate(held)
    assert (both == -1).sum() == 1
    assert (both[:, (both == -1).any(0)] == -1).sum() == 1
    assert dataset.train.arrays.inputs['categorical'].min() == 0


def test_the_education_group(folder):
    dataset = data.census(folder, group='education')
    assert list(dataset.tasks) == ['education', 'marital']
    held = dataset.train.arrays
    assert held.inputs['categorical'].shape == (40, 31)
    degrees = ('Associates', 'Bachelors', 'Masters', 'Prof', 'Doctorate')
    expected = [row['education'].startswith(degrees) for row in TRAIN]
    assert held.targets['education'].tolist() == expected
    assert 0 < sum(expected) < len(expected)


@pytest.mark.parametrize('scaling', ['log', 'minmax'])
def test_numeric_columns_are_scaled_by_training_rows(folder, scaling):
    found = data.census(folder, scaling=scaling).train.arrays.inputs['numeric']
    table = np.array([[float(row[name]) for name in DENSE] for row in TRAIN])
    if scaling == 'log':
        expected = (np.log1p(table) - np.log1p(table).mean(0)) / np.log1p(table).std(0)
    else:
        expected = (table - table.min(0)) / (table.max(0) - table.min(0))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_the_official_names_gzipped(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp('official')
    for name, rows in zip(OFFICIAL, (TRAIN, TEST), strict=True):
        (other / f'{name}.gz').write_bytes(gzip.compress(text(rows).encode()))
    found, expected = data.census(other), data.census(str(folder))
    assert_same(found.train.arrays, expected.train.arrays)
    assert_same(found.test.arrays, expected.test.arrays)


def test_by_default_it_is_what_was_fetched(folder, monkeypatch):
    monkeypatch.setenv('MTLJAX_DATA', str(folder))
    with pytest.raises(FileNotFoundError, match=r'data fetch census'):
        data.census()
    (folder / 'census').mkdir()
    for name in PACKAGED:
        (folder / name).rename(folder / 'census' / name)
    assert data.census().train.size == 40


@pytest.mark.parametrize('name', OFFICIAL)
def test_both_names_of_a_file(folder, name):
    (folder / f'{name}.gz').touch()
    with pytest.raises(ValueError, match=r'should hold the files of one of .*Found files of each'):
        data.census(folder)


@pytest.mark.parametrize('scaling', ['log', 'minmax'])
def test_a_column_that_is_constant_in_training(folder, scaling):
    (folder / PACKAGED[0]).write_text(text([row | {'age': '30'} for row in TRAIN]))
    dataset = data.census(folder, scaling=scaling)
    for split in (dataset.train, dataset.validation, dataset.test):
        assert (split.arrays.inputs['numeric'][:, 0] == 0).all()


def changed(name, cell):
    return [*TRAIN[:3], TRAIN[3] | {name: cell}, *TRAIN[4:]]


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        ('', r'train.csv should hold rows'),
        ('a, b, c\n', 'line 1: the row should have 42 fields. Found 3'),
        (text(TRAIN)[:-60], 'line 40: the row should have 42 fields. Found'),
        (text(changed('age', 'old')), "row 4: 'age' should be a number. Found 'old'"),
        (text(changed('num_emp', '')), "row 4: 'num_emp' should be a number. Found ''"),
        (text(changed('weeks_worked', '-1')), "row 4: 'weeks_worked' .* >= 0. Found '-1'"),
        (text(changed('income_50k', '<=50K')), r"row 4: 'income_50k' .*'50000\+.'.*Found '<=50K'"),
        (text(changed('marital_stat', 'Single')), "row 4: 'marital_stat'.*Found 'Single'"),
        (b'\x89PNG\r\n\x1a\n\xff\xfe', 'after line 0'),
        (text(TRAIN).replace('Ruritania', '"Ruritania', 1), 'from line 1 on: '),
    ],
)
def test_files_that_are_refused(folder, content, said):
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / PACKAGED[0]).write_bytes(raw)
    with pytest.raises(ValueError, match=said):
        data.census(folder)


def test_an_archive_that_is_cut(folder):
    packed = gzip.compress(text(TRAIN).encode())
    (folder / PACKAGED[0]).unlink()
    (folder / f'{PACKAGED[0]}.gz').write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ValueError, match=r'train\.csv\.gz, after line'):
        data.census(folder)


def test_education_is_checked_where_it_is_a_label(folder):
    (folder / PACKAGED[0]).write_text(text(changed('education', 'PhD')))
    assert data.census(folder).train.size == 40
    with pytest.raises(ValueError, match=r"row 4: 'education'.*Found 'PhD'"):
        data.census(folder, group='education')


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        (
            {'group': 'age'},
            r"group should be one of \['income', 'education'\]. Found group = 'age'",
        ),
        ({'scaling': 'rank'}, r"scaling should be one of \['log', 'minmax'\]"),
        ({'seed': -1}, 'seed should be a whole number from 0 to'),
    ],
)
def test_options_that_are_refused(folder, options, said):
    with pytest.raises(ValueError, match=said):
        data.census(folder, **options)


def test_a_single_test_row_cannot_be_halved(folder):
    (folder / PACKAGED[1]).write_text(text(TEST[:1]))
    with pytest.raises(ValueError, match=r'should hold 2 rows or more\. Found 1'):
        data.census(folder)


@pytest.mark.parametrize('variant', ['', 'mmoe', 'ple', 'education', 'education_ple'])
def test_the_config(folder, variant):
    config = importlib.import_module('configs.census').get_config(variant)
    config.data.path = str(folder)
    built = build.setup(config)
    expected = 'education' if 'education' in variant else 'income'
    assert built.model.tasks == (expected, 'marital')
    x = built.dataset.train.example.inputs
    params, state = jax.eval_shape(built.model.init, jax.random.key(0), x)
    found = jax.eval_shape(lambda p, s: built.model.apply(p, s, x)[0], params, state)
    assert {task: y.shape for task, y in found.items()} == {expected: (2,), 'marital': (2,)}


def test_a_variant_that_is_unknown():
    with pytest.raises(ValueError, match=r"variants mmoe, .*Found 'mmoe_ple'"):
        importlib.import_module('configs.census').get_config('mmoe_ple')
