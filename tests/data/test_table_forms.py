"""Dates, numbers, texts and transforms of the columns of a table."""

import datetime
import json

import numpy as np
import pyarrow as pa
import pytest

from mtljax import data
from mtljax.data import CellError, Schema
from tests.data.shop_table import DAYS, ROWS, TABLE, TARGETS, csv_text, rng, same


@pytest.fixture
def path(tmp_path):
    (tmp_path / 'a.csv').write_text(csv_text())
    return tmp_path / 'a.csv'


def features(day):
    """The features of a date, from their definition; the first one is left out."""
    waves = [2 * np.pi * k * (day - datetime.date(1970, 1, 1)).days / 365.2425 for k in (1, 2)]
    weekday = [float(day.weekday() == number) for number in range(7)]
    return [*np.sin(waves), *np.cos(waves), *weekday]


def test_dates_become_features_of_the_calendar(path):
    dataset = data.table(path, TARGETS, drop=['size', 'rooms'], verbose=True)
    schema = Schema.from_json(dataset.schema)
    assert {column.name: column.kind for column in schema.inputs}['day'] == 'date'
    day = datetime.date(2024, 2, 29)
    found = schema.encode(
        {'city': ['Bern'] * 3, 'garden': [True] * 3, 'day': [day, str(day), None]}
    )
    numeric = found.inputs['numeric']
    np.testing.assert_array_equal(numeric[0], numeric[1])
    np.testing.assert_allclose(numeric[0, 1:], features(day), atol=1e-5)
    assert (numeric[2] == 0).all()
    days = DAYS.astype('datetime64[D]').astype(int)
    content = next(column for column in schema.inputs if column.name == 'day').content
    assert content.low == days.min()
    np.testing.assert_allclose(numeric[0, 0], (19782 - content.mean) / content.scale, rtol=1e-6)
    with pytest.raises(CellError, match=r"'day', row 1: the cell should be a date such as 2024"):
        schema.encode({'city': ['Bern'], 'garden': [True], 'day': ['29.2.2024']})


def test_times_of_day_and_zones():
    times = [f'2024-01-{1 + row % 28:02}T{row % 24:02}:30:00+02:00' for row in range(ROWS)]
    dataset = data.table({'at': times, 'y': range(ROWS)}, 'y')
    assert dataset.inputs['numeric'] == 16
    schema = Schema.from_json(dataset.schema)
    zoned, utc = (
        schema.encode({'at': [text]}).inputs['numeric'] for text in (times[5], '2024-01-06T03:30')
    )
    np.testing.assert_array_equal(zoned, utc)
    stamps = pa.array([datetime.datetime.fromisoformat(times[5])])
    np.testing.assert_array_equal(schema.encode({'at': stamps}).inputs['numeric'], utc)


def test_dates_in_another_form_are_named(path):
    table = TABLE | {'day': [day.strftime('%d.%m.%Y') for day in TABLE['day']]}
    with pytest.raises(
        ValueError, match=r"'day' should hold dates .*dates=\(\('day', '%d\.%m\.%Y'\),\)"
    ):
        data.table(table, TARGETS)
    for form in ({'day': '%d.%m.%Y'}, (('day', '%d.%m.%Y'),)):
        same(data.table(table, TARGETS, dates=form), data.table(TABLE, TARGETS))
    with pytest.raises(
        ValueError, match=r"'day', row 1: the cell should be a date in the form '%Y'"
    ):
        data.table(table, TARGETS, dates={'day': '%Y'})
    with pytest.raises(ValueError, match=r'dates should be \{column: form\}'):
        data.table(table, TARGETS, dates='day')


@pytest.mark.parametrize(
    ('write_number', 'options', 'said'),
    [
        (lambda x: f'{x:.2f} %', {}, ''),
        (lambda x: f'${x:.2f}', {}, ''),
        (lambda x: f'EUR {x:.2f}', {}, ''),
        (lambda x: f'{x:.2f}'.replace('.', ','), {'decimal': ','}, "Set decimal=','"),
        (
            lambda x: f'{x:,.2f} €'.translate(str.maketrans(',.', '.,')),
            {'decimal': ',', 'thousands': '.'},
            r"Set decimal=',' and thousands='\.'",
        ),
        (lambda x: f'{x:,.2f}', {'thousands': ','}, r"Set decimal='\.' and thousands=','"),
        (lambda x: f'{x:,.2f}'.replace(',', '\u202f'), {'thousands': ' '}, "thousands=' '"),
    ],
)
def test_forms_of_numbers(write_number, options, said):
    values = np.round(5000 * np.abs(rng.normal(size=ROWS)) + 1000, 2)
    table = {'x': [write_number(value) for value in values], 'y': range(ROWS)}
    if said:
        with pytest.raises(ValueError, match=rf"'x' should hold numbers.*{said}"):
            data.table(table, 'y')
    same(data.table(table, 'y', **options), data.table({'x': values, 'y': range(ROWS)}, 'y'))
    schema = Schema.from_json(json.loads(json.dumps(data.table(table, 'y', **options).schema)))
    texts, numbers = (schema.encode({'x': x}).inputs['numeric'] for x in (table['x'], values))
    np.testing.assert_array_equal(texts, numbers)


def test_units_are_not_mixed():
    cells = [f'{row} %' for row in range(ROWS)]
    with pytest.raises(ValueError, match=r"'x' should have one unit. Found \['', '%'\]"):
        data.table({'x': ['5', *cells[1:]], 'y': range(ROWS)}, 'y')
    schema = Schema.from_json(data.table({'x': cells, 'y': cells[::-1]}, 'y').schema)
    assert schema.tasks['y'].answer.description['parts']['value']['unit'] == '%'
    with pytest.raises(CellError, match=r"'x', row 2: the cell should be a number in %.*'\$5'"):
        schema.encode({'x': ['5', '$5']})


@pytest.mark.parametrize('encoding', ['latin-1', 'utf-16', 'utf-8'])
def test_encodings(tmp_path, encoding):
    table = {'city': ['Zürich', 'Genève'] * 50, 'y': range(100)}
    path = tmp_path / 'a.csv'
    path.write_bytes(csv_text(table).encode(encoding))
    if encoding != 'utf-8':
        with pytest.raises(ValueError, match=rf"should be text in utf-8.*encoding='{encoding}'"):
            data.table(path, 'y')
    same(data.table(path, 'y', encoding=encoding), data.table(table, 'y'))
    with pytest.raises(ValueError, match=r"encoding should be known.*'utf-9'"):
        data.table(path, 'y', encoding='utf-9')


def test_very_many_categories_are_hashed():
    users = [f'user {row % 60}' for row in range(ROWS)]
    table = {'user': users, 'y': range(ROWS)}
    assert data.table(table, 'y', categorical=['user']).inputs['cardinalities'] == (60,)
    hashed = data.table(table, 'y', most_categories=50)
    assert hashed.inputs['cardinalities'] == (50,)
    codes = np.concatenate([s.arrays.inputs['categorical'] for s in (hashed.train, hashed.test)])
    assert len(np.unique(codes)) > 25
    schema = Schema.from_json(hashed.schema)
    found = schema.encode({'user': ['user 7', 'new', '']})
    assert found.inputs['categorical'][2].item() == -1
    assert found.unseen == {}
    assert found.empty == {'user': 1}
    numbers = data.table({'id': range(ROWS), 'y': range(ROWS)}, 'y', hashed=['id'])
    assert numbers.inputs == {'cardinalities': (10_000,), 'numeric': 0}


def test_large_integers_stay_apart_as_categories():
    ids = [2**60 + row % 40 for row in range(ROWS)]
    for table in ({'id': ids}, pa.table({'id': ids}), {'id': np.array(ids)}):
        frame = table if isinstance(table, dict) else {'id': table.column('id')}
        dataset = data.table(frame | {'y': range(ROWS)}, 'y', categorical='id')
        assert dataset.inputs == {'cardinalities': (40,), 'numeric': 0}
        assert data.table(frame | {'y': range(ROWS)}, 'y').inputs['numeric'] == 1


@pytest.mark.parametrize('option', ['log', 'quantile'])
def test_transforms_of_targets(option):
    y = np.exp(3 * rng.normal(size=ROWS))
    table = {'x': range(ROWS), 'y': y.tolist()}
    dataset = data.table(table, 'y', **{option: ['y']}, stratify=False)
    schema = Schema.from_json(json.loads(json.dumps(dataset.schema)))
    task, labels = schema.tasks['y'], schema.labels(table)[0]['y']
    rows = np.sort(np.random.default_rng(0).permutation(ROWS)[90:])
    assert abs(labels[rows].mean()) < 0.05
    assert abs(labels[rows].std() - 1) < 0.05
    if option == 'log':
        np.testing.assert_allclose(task.inverse(labels), y, rtol=1e-4)
        expected = (np.log(y) - np.log(y[rows]).mean()) / np.log(y[rows]).std()
        np.testing.assert_allclose(labels, expected, rtol=1e-4, atol=1e-5)
    else:
        inside = (y > y[rows].min()) & (y < y[rows].max())
        order = np.argsort(y)
        assert (np.diff(labels[order]) >= 0).all()
        np.testing.assert_allclose(task.inverse(labels)[inside], y[inside], rtol=0.05)
    metric = task.metrics['mae']
    sums = metric.update(labels + 0.1, labels, np.ones(ROWS, bool))
    error = abs(np.asarray(task.inverse(labels + 0.1)) - np.asarray(task.inverse(labels))).mean()
    np.testing.assert_allclose(metric.result(sums), error, rtol=1e-4)
    np.testing.assert_allclose(task.answer.apply(labels)['value'], task.inverse(labels), rtol=1e-6)


def test_transforms_that_are_refused():
    table = {'x': range(ROWS), 'y': range(ROWS), 'z': [row % 2 for row in range(ROWS)]}
    with pytest.raises(
        CellError, match=r"'y', row 1: the cell should be a number above 0.*Found 0"
    ):
        data.table(table, 'y', log='y')
    with pytest.raises(ValueError, match=r"should name targets of numbers. Found 'z'"):
        data.table(table, ['z', 'y'], quantile='z')
    with pytest.raises(ValueError, match=r"log should name targets, \['y'\]. Found \['x'\]"):
        data.table(table, 'y', log='x')
    with pytest.raises(ValueError, match='log and quantile should name different columns'):
        data.table(table, 'y', log='y', quantile='y')
