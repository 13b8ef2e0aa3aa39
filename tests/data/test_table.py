"""Tables of every kind: frames, files of Parquet and Arrow, dates, forms of numbers, splits."""

import numpy as np
import pytest

from mtljax import data
from mtljax.data import Schema
from tests.data.shop_table import ROWS, TABLE, TARGETS, csv_text, leaves, rng, same

pa = pytest.importorskip('pyarrow')
pd = pytest.importorskip('pandas')
pl = pytest.importorskip('polars')
feather = pytest.importorskip('pyarrow.feather')
pq = pytest.importorskip('pyarrow.parquet')


@pytest.fixture
def path(tmp_path):
    (tmp_path / 'a.csv').write_text(csv_text())
    return tmp_path / 'a.csv'


FRAMES = {
    'mapping': lambda: TABLE,
    'arrow': lambda: pa.table(TABLE),
    'pandas': lambda: pd.DataFrame(TABLE, index=range(7, 7 + ROWS)),
    'pandas with an index': lambda: pd.DataFrame(TABLE).set_index(pd.Index(['x'] * ROWS)),
    'polars': lambda: pl.DataFrame(TABLE),
    'categories': lambda: pd.DataFrame(TABLE).astype({'city': 'category', 'sold': 'category'}),
    'arrays': lambda: {name: pd.Series(cells).to_numpy() for name, cells in TABLE.items()},
}


@pytest.mark.parametrize('kind', FRAMES)
def test_frames_hold_the_same_as_the_file(path, kind):
    same(data.table(path, TARGETS), data.table(FRAMES[kind](), TARGETS))


@pytest.mark.parametrize('stream', [False, True])
@pytest.mark.parametrize('name', ['a.parquet', 'a.arrow', 'a.feather'])
def test_files_of_arrow_hold_the_same_as_the_file_of_text(path, name, stream):
    write(path.parent / name, pa.table(TABLE))
    other = data.table(path.parent / name, TARGETS, stream=stream, stratify=False)
    assert isinstance(other.train, data.BlockSplit) == stream
    text = data.table(path, TARGETS, stratify=False)
    assert other.inputs == text.inputs
    rows = [np.arange(split.size) for split in (text.train, text.test)]
    for here, there, each in zip(
        (text.train, text.test), (other.train, other.test), rows, strict=True
    ):
        for a, b in zip(leaves(here.take(each)), leaves(there.take(each)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def write(path, table, size=64):
    if path.suffix == '.parquet':
        pq.write_table(table, path, row_group_size=size)
    elif path.suffix == '.feather':
        feather.write_feather(table, path, chunksize=size)
    else:
        with pa.OSFile(str(path), 'wb') as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table, size)
    return path


def test_parts_of_a_file_are_encoded_as_the_whole(path):
    schema = Schema.from_json(data.table(path, TARGETS).schema)
    file = write(path.parent / 'a.parquet', pa.table(TABLE))
    whole = schema.encode(pa.table(TABLE))
    parts = [schema.encode(part) for part in data.table_chunks(file, 50)]
    assert [len(part.inputs['numeric']) for part in parts] == [50, 14] * 4 + [44]
    for kind, block in whole.inputs.items():
        np.testing.assert_array_equal(block, np.concatenate([part.inputs[kind] for part in parts]))
    assert whole.empty == {'size': 18, 'city': 100}
    texts = schema.encode({name: [*map(str, cells)] for name, cells in TABLE.items()}).inputs
    np.testing.assert_array_equal(whole.inputs['categorical'], texts['categorical'])


def test_a_split_by_time(path):
    dataset = data.table(path, TARGETS, time='day', validation=0.1, test=0.2)
    days = [dataset_days(dataset, split) for split in ('train', 'validation', 'test')]
    assert days[0].max() < days[1].min()
    assert days[1].max() < days[2].min()
    assert sum(map(len, days)) == ROWS
    assert abs(len(days[2]) - 60) < 5
    numbers = data.table(TABLE | {'at': range(ROWS)}, TARGETS, time='at', drop='at')
    assert (numbers.train.size, numbers.validation.size, numbers.test.size) == (210, 30, 60)
    schema = Schema.from_json(numbers.schema)
    encoded = schema.encode(TABLE).inputs['numeric'][-60:]
    np.testing.assert_array_equal(numbers.test.arrays.inputs['numeric'], encoded)
    with pytest.raises(ValueError, match=r"'city' should hold a value in every row.*row 4"):
        data.table(path, TARGETS, time='city')
    with pytest.raises(ValueError, match=r"time should name a column of dates or numbers.*'no'"):
        data.table(path, 'price', time='sold')
    with pytest.raises(ValueError, match='by time or by group'):
        data.table(path, TARGETS, time='day', group='city')
    with pytest.raises(ValueError, match=r"Every split should hold an example.*'garden' has few"):
        data.table({**TABLE, 'garden': [1] * ROWS}, TARGETS, time='garden')


def dataset_days(dataset, split):
    """The first feature of the day, which grows with it."""
    return getattr(dataset, split).arrays.inputs['numeric'][:, 2]


def test_a_split_by_group(path):
    users = rng.integers(0, 40, ROWS)
    table = TABLE | {'user': users, 'row': range(ROWS)}
    dataset = data.table(table, (*TARGETS, 'row'), group='user')
    assert dataset.schema['left_out']['user'] == 'it holds groups'
    row = next(c for c in Schema.from_json(dataset.schema).targets if c.name == 'row').content
    groups = [
        {*users[np.round(split.arrays.targets['row'] * row.scale + row.mean).astype(int)]}
        for split in (dataset.train, dataset.validation, dataset.test)
    ]
    assert sum(map(len, groups)) == len(set(users))
    assert dataset.train.size + dataset.validation.size + dataset.test.size == ROWS
    assert abs(dataset.test.size - 60) < 15
    assert data.table(table, TARGETS, group='user', seed=1).train.size != dataset.train.size


def test_columns_are_chosen(path):
    dataset = data.table(path, TARGETS, columns=['rooms', 'city'], categorical=['rooms'])
    assert [column['name'] for column in dataset.schema['inputs']] == ['rooms', 'city']
    assert dataset.schema['left_out']['size'] == 'the option columns does not name it'
    with pytest.raises(ValueError, match=r"columns should name inputs only. Found \['sold'\]"):
        data.table(path, TARGETS, columns=['sold'])
    with pytest.raises(ValueError, match=r"'city', row 2: the cell should be a number, because"):
        data.table(path, TARGETS, numeric=['city'])
    with pytest.raises(ValueError, match=r"categorical and hashed .* Found 'city' in both"):
        data.table(path, TARGETS, categorical=['city'], hashed=['city'])
    two = data.table(TABLE | {'y': [row % 2 for row in range(ROWS)]}, 'y', numeric='y')
    assert list(two.tasks['y'].metrics) == ['mae', 'rmse']


def test_weights_of_a_streamed_table(tmp_path):
    weights = [row % 4 for row in range(ROWS)]
    path = write(tmp_path / 'a.parquet', pa.table(TABLE | {'w': weights}))
    one, other = (
        data.table(path, TARGETS, weight={'price': 'w'}, stream=stream, stratify=False)
        for stream in (True, False)
    )
    rows = np.arange(one.train.size)
    here, there = one.train.take(rows), other.train.take(rows)
    np.testing.assert_array_equal(here.weight['price'], there.weight['price'])
    np.testing.assert_array_equal(here.mask['price'], there.mask['price'])
    assert set(here.weight['price']) == {0, 1, 2, 3}


def test_tables_that_are_refused(tmp_path):
    for table, said in [
        ({'a': [1], 'b': [1, 2]}, 'The columns should have one length'),
        ({'a': [], 'b': []}, 'The table should hold rows'),
        ({1: [1], 'b': [2]}, r'texts as names. Found \[1\]'),
        ([1, 2], 'should be a frame of pandas, polars or Arrow, or a mapping'),
        (pa.table([[1], [2]], names=['a', 'a']), r"Found twice: \['a'\]"),
        ({'a': [[1]] * 9, 'y': range(9)}, r"'a', row 1: the cell should be a text"),
        (pa.table({'a': [[1]] * 9, 'y': range(9)}), r"'a' should hold texts.*list.*drop=\['a'\]"),
        (pd.DataFrame({'a': [1, 'x', b'z'] * 9, 'y': range(27)}), 'should have one type'),
        ('', 'path should name the table'),
    ]:
        with pytest.raises(ValueError, match=said):
            data.table(table, 'y')
    for name in ('a.parquet', 'a.arrow'):
        (tmp_path / name).write_bytes(b'PAR1 nothing')
        with pytest.raises(ValueError, match=rf'{name} should be a whole file. Found'):
            data.table(tmp_path / name, 'y')
    (tmp_path / 'a.csv').write_text(csv_text())
    with pytest.raises(ValueError, match='should be a file of Parquet or Arrow to be streamed'):
        data.table(tmp_path / 'a.csv', 'price', stream=True)
    empty = write(tmp_path / 'b.parquet', pa.table({'a': pa.array([], pa.int32())}))
    with pytest.raises(ValueError, match=r'b\.parquet should hold rows'):
        data.table(empty, 'a')


def test_without_the_extra(monkeypatch, tmp_path):
    find = __import__('importlib.util').util.find_spec
    monkeypatch.setattr(
        'importlib.util.find_spec', lambda name: None if name == 'pyarrow' else find(name)
    )
    (tmp_path / 'a.parquet').write_bytes(b'')
    for table in (tmp_path / 'a.parquet', pd.DataFrame(TABLE)):
        with pytest.raises(ImportError, match=r"pip install 'mtljax\[tables\]'"):
            data.table(table, TARGETS)
    same(data.table(TABLE, TARGETS), data.table(TABLE, TARGETS))


@pytest.mark.parametrize('number', [1, 2])
def test_schemas_of_earlier_formats_are_read(number):
    schema = Schema.from_json(data.table({'x': [1, 2, 3] * 9, 'y': [0, 1, 1] * 9}, ['y']).schema)
    content = schema.to_json() | {'format': number}
    for later in ('flat', 'hidden'):
        del content[later]
    assert Schema.from_json(content) == schema
