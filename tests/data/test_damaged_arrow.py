"""Files of Parquet and Arrow that are damaged, or describe more than they hold."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtljax import data
from mtljax.data._table import arrow_file

TABLE = pa.table({'city': ['Bern', 'Oslo'] * 20, 'price': [1.0, 2.0] * 20})


def write(path, table=TABLE):
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    return path


@pytest.mark.parametrize('offset', [-4, 2**30, 2**31 - 1])
def test_texts_that_lie_outside_of_the_file(tmp_path, offset):
    path = write(tmp_path / 'a.arrow')
    content = path.read_bytes()
    there = b''.join(place.to_bytes(4, 'little') for place in (4, 8, 12))
    wrong = b''.join(place.to_bytes(4, 'little', signed=True) for place in (4, offset, 12))
    assert content.count(there) == 1
    path.write_bytes(content.replace(there, wrong))
    with pytest.raises(ValueError, match=r'a\.arrow should be a whole file'):
        data.table(path, ['price'])
    with pytest.raises(ValueError, match=r'a\.arrow should be a whole file'):
        list(data.table_chunks(path, 7))


def test_texts_that_are_no_utf_8(tmp_path):
    path = write(tmp_path / 'a.arrow')
    path.write_bytes(path.read_bytes().replace(b'Oslo', b'Os\xffo'))
    with pytest.raises(ValueError, match='should be a whole file'):
        data.table(path, ['price'])


def test_names_that_are_no_utf_8(tmp_path):
    pq.write_table(TABLE, tmp_path / 'a.parquet', store_schema=False)
    content = (tmp_path / 'a.parquet').read_bytes().replace(b'city', b'c\xffty')
    (tmp_path / 'a.parquet').write_bytes(content)
    with pytest.raises(ValueError, match='should be a whole file'):
        data.table(tmp_path / 'a.parquet', ['price'])


@pytest.mark.parametrize('ending', ['parquet', 'arrow'])
def test_many_rows_in_a_small_file(tmp_path, monkeypatch, ending):
    monkeypatch.setattr(arrow_file, '_LEAST_BOUND', 1000)
    monkeypatch.setattr(arrow_file, '_MOST_TIMES', 1)
    table = pa.table({'city': pa.nulls(5000), 'price': pa.nulls(5000)})
    path = tmp_path / f'a.{ending}'
    pq.write_table(table, path) if ending == 'parquet' else write(path, table)
    with pytest.raises(ValueError, match=r'should need at most .* Found 5,000 rows of 2 columns'):
        data.table(path, ['price'])


def test_numbers_that_are_too_far_apart(tmp_path):
    prices = pa.table({'city': ['Bern', 'Oslo'] * 20, 'price': [1.0, 2.0] * 10 + [1e300] * 20})
    path = tmp_path / 'a.parquet'
    pq.write_table(prices, path, row_group_size=20)
    with pytest.raises(ValueError, match="Column 'price' should fit float32"):
        data.table(path, ['price'], stratify=False)
