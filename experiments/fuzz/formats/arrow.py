"""Tables in the formats of Apache: Parquet, and the files of Arrow."""

import datetime
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.fuzz.formats.tables import read_all
from experiments.fuzz.harness import Case, Harness, Material
from experiments.predict.write import as_array
from mtljax import data

_ROWS, _FEW = 40, 37
_CITIES = ('Bern', 'Oslo', 'Rome, the city')
_DAY = datetime.date(2024, 2, 28)
_OFFSET = (5).to_bytes(4, 'little')


def parquet() -> Harness:
    """Return the harness of `data.table` on files of Parquet."""
    tokens = (b'PAR1', b'\x15\0', b'\x15\x02', b'\x19\x1c', b'\x26\0', b'\x1c', b'\x18\x05price')
    more = (b'\xff' * 9 + b'\x01', b'\x80\x80\x80\x80\x10', b'\x15\xfe\xff\xff\xff\x1f')
    return Harness('parquet', _parquet_files, _read, (*tokens, *more))


def ipc() -> Harness:
    """Return the harness of `data.table` on files of Arrow."""
    tokens = (b'ARROW1', b'ARROW1\0\0', b'\xff\xff\xff\xff', b'\0\0\0\x80', b'\xff\xff\xff\x7f')
    more = (b'\x10\0\0\0', b'\0\x01\0\0', b'\xfe\xff\xff\xff', b'\x04\0\x04\0', bytes(8))
    return Harness('arrow', _ipc_files, _read, (*tokens, *more))


def _columns() -> dict[str, Any]:
    import pyarrow as pa

    numbers = range(_ROWS)
    city = [None if n % 7 == 0 else _CITIES[n % 3] for n in numbers]
    return {
        'area': pa.array([None if n % 9 == 0 else 30.5 + 1.25 * n for n in numbers]),
        'rooms': pa.array([n % 5 for n in numbers], pa.int16()),
        'city': pa.array(city),
        'street': pa.array(city, pa.large_string()),
        'kind': pa.array(['abc'[n % 3] for n in numbers]).dictionary_encode(),
        'new': pa.array([n % 4 == 0 for n in numbers]),
        'day': pa.array([_DAY + datetime.timedelta(n) for n in numbers]),
        'price': pa.array([100.0 + n * n % 37 for n in numbers]),
        'sold': pa.array(['yes' if n % 2 else 'no' for n in numbers]),
    }


def _parquet_files() -> Material:
    import pyarrow as pa

    table = pa.table(_columns())
    seeds = {
        'plain.parquet': _parquet(table, compression='none', use_dictionary=False),
        'groups.parquet': _parquet(table, row_group_size=16),
        'zstd.parquet': _parquet(table, compression='zstd', data_page_version='2.0'),
        'gzip.parquet': _parquet(table, compression='gzip', data_page_size=64),
    }
    long = pa.table({**_columns(), 'city': pa.array(['x' * 1000_000] * _ROWS)})
    nested = pa.table({**_columns(), 'city': pa.array([[[1]]] * _ROWS)})
    wide = pa.table({f'c{n}': pa.array([1]) for n in range(3_000)})
    hostile = [_parquet(each, compression='zstd') for each in (long, nested, wide)]
    hostile += [b'PAR1' + b'\x19' * 4_000 + (4_000).to_bytes(4, 'little') + b'PAR1']
    return Material(seeds, [Case('zstd.parquet', 'zstd.parquet', each) for each in hostile])


def _parquet(table: Any, **options: Any) -> bytes:
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def _ipc_files() -> Material:
    import pyarrow as pa

    table = pa.table(_columns())
    plain = _ipc(table, None)
    seeds = {
        'plain.arrow': plain,
        'groups.arrow': _ipc(table, None, 16),
        'lz4.feather': _ipc(table, 'lz4'),
        'zstd.feather': _ipc(table, 'zstd'),
    }
    long = pa.table({**_columns(), 'city': pa.array(['x' * 1000_000] * _ROWS)})
    hostile = [Case('zstd.feather', 'zstd.feather', _ipc(long, 'zstd'))]
    hostile += [Case('plain.arrow', 'plain.arrow', each) for each in _other_offsets(plain)]
    nulls = _ipc(pa.table({'price': pa.nulls(_FEW), 'sold': pa.nulls(_FEW)}), None)
    few, many = (length.to_bytes(8, 'little') for length in (_FEW, 1 << 40))
    hostile.append(Case('plain.arrow', 'plain.arrow', nulls.replace(few, many)))
    return Material(seeds, hostile)


def _other_offsets(content: bytes) -> Iterator[bytes]:
    """Yield files whose texts begin or end where there is no text."""
    places = [at for at in range(0, len(content) - 4, 4) if content[at : at + 4] == _OFFSET]
    for place in places:
        for offset in (-5, 2**30, 2**31 - 1):
            changed = offset.to_bytes(4, 'little', signed=True)
            yield content[:place] + changed + content[place + 4 :]


def _ipc(table: Any, compression: str | None, rows: int = _ROWS) -> bytes:
    import pyarrow as pa

    file = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(file, table.schema, options=options) as writer:
        writer.write_table(table, rows)
    return file.getvalue()


def _read(folder: Path, name: str) -> None:
    """Read all of a table, at once or streamed, and as `experiments.predict` reads it."""
    path = folder / name
    for part in data.table_chunks(path, 7):
        for column in part.values():
            as_array(column)
    streamed = name.startswith('groups')
    read_all(data.table(path, ['price', 'sold'], stream=streamed))
