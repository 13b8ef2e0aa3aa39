"""Pickled tables are read without being run."""

import lzma
import pickle
import struct
from pathlib import Path

import pytest

from experiments.data import pickled_frame


def raw(value):
    """The opcodes of a plain value."""
    return pickle.dumps(value, 3)[2:-1]


def call(name, *args):
    module, _, attribute = name.rpartition('.')
    return f'c{module}\n{attribute}\n('.encode() + b''.join(args) + b'tR'


def group(*items, end=b't'):
    return b'(' + b''.join(items) + end


def numbers(kind, rows):
    """A block of numbers of 8 bytes, as numpy writes it."""
    content = b''.join(
        struct.pack(f'<{len(row)}{"d" if kind == "f8" else "q"}', *row) for row in rows
    )
    dtype = call('numpy.dtype', raw(kind)) + raw((3, '<', None)) + b'b'
    return call(
        'numpy.core.numeric._frombuffer',
        raw(content),
        dtype,
        raw((len(rows), len(rows[0]))),
        raw('C'),
    )


def objects(values, shape):
    array = call('numpy.core.multiarray._reconstruct', raw(0))
    return array + group(raw(1), raw(shape), raw(None), raw(False), raw(values)) + b'b'


def table(names, blocks):
    """A pickle with the names and nesting of a DataFrame; blocks are (values, columns)."""
    packed = [
        call(
            'pandas._libs.internals._unpickle_block',
            values,
            call('builtins.slice', *(raw(at) for at in place)),
            raw(2),
        )
        for values, place in blocks
    ]
    index = call(
        'pandas.core.indexes.base._new_Index',
        b'cpandas.core.indexes.base\nIndex\n',
        b'}' + raw('data') + objects(names, (len(names),)) + b's',
    )
    manager = call('pandas.core.internals.managers.BlockManager', group(*packed), group(index))
    frame = b'cpandas.core.frame\nDataFrame\n)\x81'
    return b'\x80\x05' + frame + b'}' + raw('_mgr') + manager + b's' + b'b.'


def test_a_pickled_table_is_read_without_running_it():
    content = table(
        ['n', 'x', 'y', 'day'],
        [
            (numbers('f8', [[1.5, 2.5], [3.0, 4.0]]), (1, 3, 1)),
            (numbers('i8', [[1, 2]]), (0, 1, 1)),
            (objects(['a', 'b'], (1, 2)), (3, 4, 1)),
        ],
    )
    found = pickled_frame.columns(content)
    assert list(found) == ['n', 'x', 'y', 'day']
    assert {name: list(values) for name, values in found.items()} == {
        'n': [1, 2],
        'x': [1.5, 2.5],
        'y': [3, 4],
        'day': ['a', 'b'],
    }


def test_the_stations_of_chicago_lie_beside_their_own_day():
    stations = [f's{index}' for index in range(20)]
    names = ['rownames', 'ridership', *stations, 'temp', 'date']
    counts = [[index, index + 0.0005] for index in range(20)]
    content = table(
        names,
        [
            (numbers('i8', [[1, 2]]), (0, 1, 1)),
            (numbers('f8', [[9.0, 9.5], *counts, [50.0, 51.0]]), (1, 23, 1)),
            (objects(['2001-01-22', '2016-02-29'], (1, 2)), (23, 24, 1)),
        ],
    )
    lines = pickled_frame.chicago(lzma.compress(content)).decode().splitlines()
    assert lines[0] == ','.join(['date', *stations])
    assert lines[1] == ','.join(['2001-01-08', *(str(1000 * index) for index in range(20))])
    assert lines[2] == ','.join(['2016-02-15', *(f'{1000 * index + 0.5:g}' for index in range(20))])
    assert len(lines) == 3


@pytest.mark.parametrize(
    'content',
    [
        pickle.dumps([1, 2]),
        pickle.dumps(Path('x')),
        b'\x80\x03' + call('os.system', raw('touch evil.txt')) + b'.',
        b'\x80\x03' + call('builtins.eval', raw('1')) + b'.',
        b'',
        b'\x80\x05K',
    ],
)
def test_other_pickles_are_refused(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match='should be a table of pandas'):
        pickled_frame.columns(content)
    assert list(tmp_path.iterdir()) == []
