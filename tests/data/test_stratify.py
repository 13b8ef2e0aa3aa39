"""Splits in which every label has its share of rows."""

import json

import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ml_collections import ConfigDict

from experiments import program
from mtljax import Task, data, heads, metrics
from mtljax.build import former_names, with_former_defaults
from mtljax.data._splits.random_rows import sizes_of
from mtljax.data._splits.stratified import stratified_rows

RNG = np.random.default_rng(0)
TASK = Task(heads.linear(), optax.sigmoid_binary_cross_entropy, {'auc': metrics.auc()})


@given(st.integers(10, 80), st.integers(1, 4), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_every_row_is_in_one_split_and_the_sizes_hold(size, targets, seed):
    rng = np.random.default_rng(seed)
    labels = [rng.integers(-1, rng.integers(1, 12), size) for _ in range(targets)]
    parts = stratified_rows(labels, 0.1, 0.2, seed)
    assert sorted(np.concatenate(parts)) == list(range(size))
    assert tuple(map(len, parts)) == sizes_of(size, 0.1, 0.2)
    again = stratified_rows(labels, 0.1, 0.2, seed)
    assert all(map(np.array_equal, parts, again))


@pytest.mark.parametrize('positives', [3, 9, 40])
def test_a_rare_label_is_in_every_split(positives):
    """Drawn without regard to labels, three positives of 1,000 nearly always miss a split."""
    rare = np.zeros(1000, int)
    rare[RNG.permutation(1000)[:positives]] = 1
    others = [RNG.integers(0, 5, 1000) for _ in range(3)]
    for seed in range(20):
        parts = stratified_rows([*others, rare], 0.1, 0.2, seed)
        counts = np.array([rare[rows].sum() for rows in parts])
        assert counts.min() >= 1
        assert abs(counts - positives * np.array([0.7, 0.1, 0.2])).max() <= 1.1


def test_numbers_are_not_sorted_into_the_splits():
    """Sixty values, one row each, are no classes: every split has large and small ones."""
    values = np.arange(60)
    means = [values[stratified_rows([values], 0.1, 0.2, seed)[0]].mean() for seed in range(50)]
    assert abs(np.mean(means) - 29.5) < 1


@pytest.mark.parametrize('repeated', [1, 2, 3])
def test_a_number_that_few_rows_have_is_in_every_split(repeated):
    """It has 90 labels in 1,000 rows, with few rows for each value; a class is beside it."""
    sparse = np.full(1000, -1)
    sparse[RNG.permutation(1000)[:90]] = np.arange(90) // repeated
    rare = np.arange(1000) % 100 == 7
    for seed in range(5):
        parts = stratified_rows([sparse, rare.astype(int)], 0.1, 0.2, seed)
        assert abs(np.array([(sparse[rows] >= 0).sum() for rows in parts]) - [63, 9, 18]).max() <= 1
        assert [int(rare[rows].sum()) for rows in parts] == [7, 1, 2]


def test_labels_of_several_tasks_and_shapes():
    x = RNG.normal(size=(300, 2))
    rare = np.arange(300) % 60 == 7
    targets = {
        'flag': rare.astype(int),
        'several': np.stack([rare[::-1], ~rare], axis=1).astype(np.float32),
        'pixels': RNG.normal(size=(300, 4, 4)),
        'number': x[:, 0],
    }
    mask = {'pixels': np.arange(300) % 50 == 3}
    tasks = {name: Task(heads.linear(), optax.squared_error) for name in targets}
    for seed in range(5):
        sets = data.arrays(x, targets, tasks, mask=mask, seed=seed)
        for split in (sets.train, sets.validation, sets.test):
            assert split.arrays.targets['flag'].any()
            assert split.arrays.targets['several'][:, 0].any()
            assert split.arrays.mask['pixels'].any()


def test_without_stratify_the_rows_are_those_of_earlier_versions():
    x, y = np.arange(100.0), np.arange(100) % 2
    sets = data.arrays(x[:, None], {'y': y}, {'y': TASK}, stratify=False)
    order = np.random.default_rng(0).permutation(100)
    np.testing.assert_array_equal(sets.test.arrays.inputs[:, 0], np.sort(order[:20]))
    with pytest.raises(ValueError, match=r'stratify should be True or False. Found stratify = 1'):
        data.arrays(x[:, None], {'y': y}, {'y': TASK}, stratify=1)


def table(path, size=200):
    rows = [f'{i},{i % 7},{"yes" if i % 20 == 3 else "no"},{i % 3}' for i in range(size)]
    path.write_text('\n'.join(['number,rest,rare,count', *rows]) + '\n')
    return path


def test_csv_spreads_rare_labels_and_reads_weights(tmp_path):
    path = table(tmp_path / 'a.csv')
    sets = data.csv(path, ['rare', 'number'], weight={'rare': 'count'}, seed=3)
    for split in (sets.train, sets.validation, sets.test):
        assert split.arrays.targets['rare'].any()
        assert set(np.unique(split.arrays.weight['rare'])) <= {0, 1, 2}
        assert list(split.arrays.weight) == ['rare']
    assert sets.inputs == {'cardinalities': (), 'numeric': 1}  # not the weights
    both = data.csv(path, ['rare', 'number'], weight='count')
    assert sorted(both.train.arrays.weight) == ['number', 'rare']


@pytest.mark.parametrize(
    ('weight', 'said'),
    [
        ('price', r"weight should name columns, .*Found \['price'\]"),
        ('rare', r"weight should name columns that are no targets. Found \['rare'\]"),
        ({'rest': 'count'}, r"weight should name targets among \['rare'\]. Found \['rest'\]"),
        ('bad', r"Column 'bad', row 2: the weight should be a number >= 0. Found '-0.5'"),
        ('text', r"Column 'text', row 2: the weight should be a number >= 0. Found 'x'"),
    ],
)
def test_columns_of_weights_that_are_refused(tmp_path, weight, said):
    path = tmp_path / 'a.csv'
    rows = [f'{i},{i % 2},{i % 2},{i - 0.5},x' for i in range(20)]
    path.write_text('\n'.join(['number,rare,rest,bad,text', *rows]) + '\n')
    with pytest.raises(ValueError, match=said):
        data.csv(path, 'rare', weight=weight, drop='text' if weight != 'text' else ())


def test_a_stored_config_without_the_option_means_what_it_meant():
    stored = {'data': {'fn': 'mtljax.data:csv', 'path': 'a.csv'}, 'train': {'steps': 1}}
    now = with_former_defaults(stored)
    assert now['data'].items() >= {**stored['data'], 'stratify': False, 'weight': ''}.items()
    assert former_names(now) == stored
    inside = {'fn': 'mtljax.data:only', 'args': [stored['data'], 'a']}
    assert former_names(with_former_defaults(inside)) == inside
    assert with_former_defaults(inside)['args'][0]['stratify'] is False
    assert former_names(now | {'data': now['data'] | {'stratify': True}})['data']['stratify']


@pytest.mark.parametrize('results', [True, False])
def test_a_run_of_an_earlier_version_keeps_its_rows(tmp_path, results):
    """A folder without results belongs to nobody."""
    csv = {'fn': 'mtljax.data:csv', 'path': 'a.csv'}
    stored = {'data': csv, 'other': {'inner': csv}}
    (tmp_path / 'config.json').write_text(json.dumps(stored))
    if results:
        (tmp_path / 'metrics.jsonl').write_text('{"step": 1}\n')
    new = csv | {'stratify': True, 'weight': ''}
    config = ConfigDict({'data': new, 'other': {'inner': new}})
    program.keep_options(tmp_path, config)
    assert config.data.stratify is not results
    assert config.other.inner.stratify is not results
    program.claim(tmp_path, config)
