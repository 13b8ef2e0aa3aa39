"""The schemas of loaders encode raw rows as the loaders themselves do."""

import json

import numpy as np
import pytest

from mtljax import answers, build, data
from mtljax.data import CellError, Schema
from mtljax.data._table.bins import Bins
from mtljax.data._table.one_hot import OneHot
from tests.data.raw_tables import LOADERS, inputs_of, order_of, raw, rows_of
from tests.data.test_aliexpress import edit, write


@pytest.mark.parametrize('loader', LOADERS)
def test_rows_are_encoded_to_the_same_bits(loader, tmp_path):
    spec, table = raw(loader, tmp_path)
    dataset = build.make(spec, 'data')
    schema = Schema.from_json(json.loads(json.dumps(dataset.schema)))
    found, right = schema.encode(table).inputs, inputs_of(dataset)
    for each in (found, schema.encode(schema.decode(right)).inputs):
        assert order_of(each).shape == order_of(right).shape
        a, b = rows_of(each), rows_of(right)
        if each is found:
            np.testing.assert_array_equal(a[order_of(each)], b[order_of(right)])
        else:
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5)
    assert schema.options == dataset.inputs
    assert list(schema.tasks) == list(dataset.tasks)


@pytest.mark.parametrize('loader', LOADERS)
def test_the_tasks_are_those_of_the_loader(loader, tmp_path):
    dataset = build.make(raw(loader, tmp_path)[0], 'data')
    y = np.float32([-1.5, 0.0, 2.0])
    for name, task in Schema.from_json(dataset.schema).tasks.items():
        here, there = answers.of(task), answers.of(dataset.tasks[name])
        assert here.description == there.description
        for part, values in here.apply(y).items():
            np.testing.assert_allclose(values, there.apply(y)[part], rtol=1e-6)
        np.testing.assert_allclose(task.inverse(y), dataset.tasks[name].inverse(y), rtol=1e-6)
        assert task.loss is dataset.tasks[name].loss


def test_answers_have_the_names_and_units_of_the_data(tmp_path):
    parts = {}
    for loader in LOADERS:
        (tmp_path / loader).mkdir()
        dataset = build.make(raw(loader, tmp_path / loader)[0], 'data')
        parts |= {
            name: answers.of(task).description['parts'] for name, task in dataset.tasks.items()
        }
    assert parts['income']['class'] == {'code_of': ['- 50000.', '50000+.']}
    assert parts['marital']['class'] == {'code_of': ['Married at some time', 'Never married']}
    assert parts['rating'] == {'value': {'unit': 'stars'}}
    assert parts['click'] == {'probability': {'of': 1}}
    assert parts['U0'] == {'value': {'unit': 'meV'}}
    assert parts['task_3'] == {'value': {}}


def test_the_smallest_number_is_0_with_minmax(tmp_path):
    spec, table = raw('census', tmp_path)
    dataset = data.census(spec['path'], group='education', scaling='minmax')
    encoded = Schema.from_json(dataset.schema).encode(table)
    right = inputs_of(dataset)
    np.testing.assert_array_equal(
        rows_of(encoded.inputs)[order_of(encoded.inputs)], rows_of(right)[order_of(right)]
    )
    assert encoded.unseen == {'country_self': 1}
    assert encoded.extra == ()


def test_large_numbers_are_rounded_as_the_loader_does(tmp_path):
    _, table = raw('aliexpress', tmp_path)
    write(tmp_path, change=edit(9, 'numerical_5', '16777217.25'))
    dataset = data.aliexpress(tmp_path)
    table['numerical_5'][8] = '16777217.25'
    found = Schema.from_json(dataset.schema).encode(table).inputs
    np.testing.assert_array_equal(found['numeric'][:20], dataset.train.arrays.inputs['numeric'])


def test_empty_and_unknown_cells(tmp_path):
    spec, table = raw('movielens', tmp_path)
    schema = Schema.from_json(data.movielens(spec['path']).schema)
    row = {name: cells[:1] for name, cells in table.items()}
    changed = row | {'user_id': ['new'], 'age': [''], 'release_year': ['2024'], 'Action': [None]}
    encoded = schema.encode(changed)
    assert encoded.inputs['categorical'][0, [0, 2, 5]].tolist() == [-1, -1, -1]
    assert encoded.empty == {'age': 1, 'Action': 1}
    assert encoded.unseen == {'user_id': 1, 'release_year': 1}
    with pytest.raises(CellError, match="Column 'age', row 1: the cell should be a number"):
        schema.encode(row | {'age': ['old']})


def test_new_values_of_a_nominal_column(tmp_path):
    spec, _ = raw('arff', tmp_path)
    schema = Schema.from_json(data.multi_target(spec['path'], targets=2).schema)
    encoded = schema.encode({'x 1': ['?', 1], 'kind': ['E', 'b c'], 'x2': [None, 2]})
    assert encoded.inputs[0].tolist() == [0, 0, 0, 0, 0]
    assert encoded.inputs[1, 1:4].tolist() == [0, 1, 0]
    assert encoded.unseen == {'kind': 1}
    assert encoded.empty == {'x 1': 1, 'x2': 1}


def test_negative_numbers_have_no_logarithm(tmp_path):
    spec, table = raw('census', tmp_path)
    table['weeks_worked'][3] = '-1'
    with pytest.raises(CellError, match="'weeks_worked', row 4: the cell should be a number >= 0"):
        Schema.from_json(data.census(spec['path']).schema).encode(table)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'flat': 'x'}, 'inputs that are no array of numbers'),
        ({'hidden': [0]}, 'hidden layers of other sizes'),
        ({'hidden': 8}, 'hidden layers of other sizes'),
        ({'flat': True}, 'inputs that are no array of numbers'),
    ],
)
def test_schemas_that_are_refused(change, said, tmp_path):
    spec, _ = raw('movielens', tmp_path)
    with pytest.raises(ValueError, match=said):
        Schema.from_json(data.movielens(spec['path']).schema | change)


@pytest.mark.parametrize(
    ('content', 'bad'),
    [
        (Bins, {'edges': [2, 1], 'codes': [0, 1, 2]}),
        (Bins, {'edges': [1], 'codes': [0]}),
        (Bins, {'edges': [1], 'codes': [0, 2]}),
        (Bins, {'edges': [1], 'codes': [0, True]}),
        (Bins, {'edges': 1, 'codes': [0]}),
        (OneHot, [1]),
        (OneHot, 'red'),
    ],
)
def test_contents_that_are_refused(content, bad):
    with pytest.raises(ValueError, match=r'bins of a column|one_hot of a column'):
        content.from_json(bad)
