"""Fitted columns of a table: encoding other tables, and JSON."""

import json

import numpy as np
import pytest

from mtljax import data
from mtljax.data._table.arrays import backbone_options, encode_inputs, encode_targets
from mtljax.data._table.categories import Categories
from mtljax.data._table.column import Column
from mtljax.data._table.fit_schema import fit_schema
from mtljax.data._table.frame import Frame
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.options import Options
from mtljax.data._table.roles import Roles
from tests.data.houses import COLUMNS, ROWS, TARGETS, text

MARKS = ('', 'NA', '-9')
TRAIN = np.arange(60) < 40
TABLE = {name: [row[name] for row in ROWS] for name in COLUMNS}
NAMES = ('storeys', 'grade')  # columns whose numbers are categories


def fit(targets, inputs, train=TRAIN, categorical=()):
    table = Frame(TABLE | {'constant': ['3'] * 60})
    roles = Roles(tuple(targets), tuple(inputs), {}, {})
    return fit_schema(table, roles, Options(MARKS, categorical=categorical), train)


def fitted():
    inputs = ('city', 'rooms', 'area', 'storeys', 'blank', 'constant')
    schema = fit((*TARGETS, 'grade'), inputs, categorical=NAMES)
    return [*schema.inputs, *schema.targets]


def test_kinds():
    kinds = {column.name: column.kind for column in fitted()}
    assert kinds == {
        'city': 'categorical',
        'rooms': 'numeric',
        'area': 'numeric',
        'storeys': 'categorical',
        'blank': 'empty',
        'price': 'regression',
        'sold': 'binary',
        'state': 'classes',
        'grade': 'classes',
        'constant': 'numeric',
    }


@pytest.mark.parametrize('column', fitted(), ids=lambda column: column.name)
def test_json_returns_the_same_column(column):
    encoded = json.dumps(column.to_json(), allow_nan=False)
    again = Column.from_json(json.loads(encoded))
    assert again == column
    assert json.dumps(again.to_json(), allow_nan=False) == encoded
    if column.kind != 'empty':
        cells = TABLE.get(column.name, ['3', '4'])
        np.testing.assert_array_equal(again.encode(cells), column.encode(cells))


@pytest.mark.parametrize('number', [0.1, 1 / 3, 1e-300, 1.7976931348623157e308, -0.0, 5e-324])
def test_json_keeps_every_bit_of_a_number(number):
    column = Column('x', False, ('',), number, Numbers(number, abs(number), -number, number))
    again = Column.from_json(json.loads(json.dumps(column.to_json(), allow_nan=False)))
    assert np.float64(again.content.mean).tobytes() == np.float64(number).tobytes()
    assert again == column


def test_json_keeps_categories_in_order_and_numbers_apart_from_text():
    for categories in (('b', 'a', 'Zürich'), ('1', '2'), (1.0, 2.0), ()):
        column = Column('x', True, MARKS, 0.0, Categories(categories))
        again = Column.from_json(json.loads(json.dumps(column.to_json())))
        assert again.content.names == categories
        assert [type(value) for value in again.content.names] == [
            type(value) for value in categories
        ]


def test_cells_of_another_table():
    columns = {column.name: column for column in fitted()}
    area = columns['area']
    scaled = area.encode(['100', 'NA', '', '-9', str(area.content.mean)])
    expected = (100 - area.content.mean) / area.content.scale
    np.testing.assert_allclose(scaled[[0, 4]], [expected, 0], rtol=1e-6)
    assert np.isnan(scaled[1:4]).all()
    assert scaled.dtype == np.float32
    city = columns['city']
    codes = city.encode([*city.content.names, 'Rome', 'NA', ''])
    assert codes.tolist() == [*range(len(city.content.names)), -1, -1, -1]
    assert columns['storeys'].encode(['2', '2.0']).tolist() == [1, -1]  # names, not numbers
    assert columns['grade'].encode(['10', '20.0', 'x', '50', 'NA']).tolist() == [0, 1, -1, -1, -1]
    assert columns['constant'].encode(['3', '4']).tolist() == [0, 0]
    with pytest.raises(
        ValueError, match=r"'area', row 2: the cell should be a number.*Found 'big'"
    ):
        area.encode(['7', 'big'])
    with pytest.raises(ValueError, match=r"'blank' should hold values"):
        columns['blank'].encode([''])


def test_columns_reproduce_the_arrays_of_the_data_set(tmp_path):
    path = tmp_path / 'houses.csv'
    path.write_text(text(ROWS), encoding='utf-8')
    dataset = data.csv(path, TARGETS, drop='key', missing=MARKS, stratify=False)
    order = np.random.default_rng(0).permutation(len(ROWS))
    train = np.sort(order[18:])  # 12 rows of test and 6 of validation come first
    others = [name for name in COLUMNS if name not in {'key', *TARGETS}]
    schema = fit(TARGETS, others, np.isin(np.arange(60), train))
    restored = [
        Column.from_json(json.loads(json.dumps(column.to_json()))) for column in schema.inputs
    ]
    assert backbone_options(restored) == dataset.inputs
    for kind, block in encode_inputs(restored, TABLE).items():
        np.testing.assert_array_equal(block[train], dataset.train.arrays.inputs[kind])
    values, masks = encode_targets(schema.targets, TABLE)
    for task, mask in masks.items():
        np.testing.assert_array_equal(mask[train], dataset.train.arrays.mask[task])
        seen = np.where(mask, values[task], 0)[train]
        np.testing.assert_array_equal(seen, dataset.train.arrays.targets[task])
