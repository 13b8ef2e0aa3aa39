"""Tables of text (.csv and .arff) and plain text, also gzipped."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.fuzz.containers import bomb, edit_gzip, gzipped
from experiments.fuzz.harness import Case, Harness, Material
from mtljax import data
from mtljax.base import Dataset

_ROWS = 40
_BOMB, _ROW_BOMB, _LINE_BOMB = 1 << 26, 1 << 24, 1 << 25  # small files, beyond what they may hold
_CITIES = ('Bern', 'Oslo', 'Rome')
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    'plain': {'targets': ['price', 'sold']},
    'weighted': {'targets': ['price', 'kind'], 'weight': 'count', 'drop': ['sold']},
    'marked': {'targets': ['sold'], 'categorical': ['rooms'], 'verbose': True},
}


def csv() -> Harness:
    """Return the harness of `data.csv`."""
    tokens = (b',', b'"', b'""', b';', b'\n', b'\r', b'\r\n', b'\0', b'\xef\xbb\xbf', b'NA', b'?')
    more = (b'price', b'1e308', b'-1e308', b'1e-320', b'inf', b'nan', b'Bern', b'"\n', b' ')
    return Harness('csv', _csv_files, _read_csv, (*tokens, *more), edit_gzip)


def arff() -> Harness:
    """Return the harness of `data.multi_target` on tables of text."""
    tokens = (b'@attribute ', b'@data\n', b'@relation ', b'{a, b}', b'{', b'}', b"'", b'"', b'%')
    more = (b'numeric', b'string', b'?', b',', b'\n', b'\\', b"\\'", b'\0', b'\r', b'1e308', b'nan')
    return Harness('arff', _arff_files, _read_arff, (*tokens, *more), edit_gzip)


def text() -> Harness:
    """Return the harness of `data.text`."""
    tokens = (b'. ', b'1,2', b'1.', b"'", b'\xe2\x80\x99', b'-', b'\0', b'\r', b'\xc4\xb0', b'\xff')
    return Harness('text', _text_files, _read_text, (*tokens, b'\xf0\x9f\x98\x80', b'a'), edit_gzip)


def read_all(dataset: Dataset) -> None:
    """Read every example of a data set once."""
    for split in (dataset.train, dataset.validation, dataset.test):
        split.take(list(range(split.size)))


def _table() -> bytes:
    file = io.StringIO()
    file.write('area,rooms,city,note,count,price,sold,kind\n')
    for row in range(_ROWS):
        city, empty = _CITIES[row % 3], 'NA' if row % 9 == 0 else ''
        area, price = 30.5 + row * 1.25, 100 + row * row % 37
        numbers = f'{row % 4},{price},{"yes" if row % 2 else "no"},{"abc"[row % 3]}'
        file.write(f'{area},{row % 5},"{city}, x",{empty},{numbers}\n')
    return file.getvalue().encode()


def _csv_files() -> Material:
    table = _table()
    seeds = {
        'plain.csv': table,
        'weighted.csv': table,
        'marked.csv': b'\xef\xbb\xbf' + table.replace(b'\n', b'\r\n'),
        'plain.csv.gz': gzipped(table),
    }
    wide = b','.join(b'c%d' % number for number in range(100_000))
    hostile = [
        ('plain.csv.gz', bomb(_BOMB, table)),
        ('plain.csv.gz', bomb(_ROW_BOMB, table, b'1,2,"Bern, x",,3,4,yes,a\n')),
        ('plain.csv.gz', bomb(_LINE_BOMB, table, b'\n')),
        ('plain.csv', table + b'"' + b'x' * 1_000_000 + b'"\n'),
        ('plain.csv', wide + b'\n' + b','.join([b'1'] * 100_000) + b'\n'),
        ('plain.csv', b','.join([b'a'] * 100_000) + b'\n'),
        ('plain.csv', table.replace(b'price', b'p' * 100_000)),
    ]
    return Material(seeds, [Case(name, name, content) for name, content in hostile])


def _read_csv(folder: Path, name: str) -> None:
    read_all(data.csv(folder / name, **_OPTIONS[name.partition('.')[0]]))


def _arff_files() -> Material:
    lines = [b'% a comment', b"@relation 'a b'", b'@attribute x1 numeric', b'@attribute x2 real']
    lines += [b"@attribute 'x 3' {red, 'dark blue'}", b'@attribute y1 numeric']
    lines += [b'@attribute y2 integer', b'@data']
    for row in range(_ROWS):
        colour = b"'dark blue'" if row % 3 else b'red'
        known = b'?' if row % 7 == 0 else b'%d' % (row % 11)
        lines.append(b'%d.5,%s,%s,%d,%s' % (row, known, colour, row * row % 13, known))
    table = b'\n'.join(lines) + b'\n'
    numbers = b'a,b,c\n' + b''.join(b'%d,%d.5,%d\n' % (n, n % 7, n % 5) for n in range(_ROWS))
    seeds = {'table.arff': table, 'table.arff.gz': gzipped(table), 'numbers.csv': numbers}
    hostile = [
        ('table.arff.gz', bomb(_ROW_BOMB, table, b'1.5,2,red,3,4\n')),
        ('table.arff.gz', bomb(_BOMB, table, b' ')),
        ('table.arff', table + b'x' * 1_000_000 + b',1,red,2,3\n'),
        ('table.arff', table.replace(b'x1', b'x' * 100_000)),
        ('table.arff', b'@attribute ' + b"'\\" * 50_000 + b' numeric\n' + table),
        ('table.arff', b''.join(b'@attribute a%d real\n' % n for n in range(50_000)) + table),
    ]
    return Material(seeds, [Case(name, name, content) for name, content in hostile])


def _read_arff(folder: Path, name: str) -> None:
    read_all(data.multi_target(folder / name, targets=2))


def _text_files() -> Material:
    line = 'To be, or not to be: that is the Question! It’s 1,234.5 well-known; 日本 word.\n'  # noqa: RUF001
    content = (line * 12).encode()
    seeds = {'play.txt': content, 'play.txt.gz': gzipped(content)}
    hostile = [
        ('play.txt.gz', bomb(_ROW_BOMB, content, b'word ')),
        ('play.txt.gz', bomb(_BOMB, content, b' ')),
        ('play.txt', b'a' * 2_000_000),
        ('play.txt', b'1,' * 1_000_000),
        ('play.txt', b"a'" * 1_000_000),
        ('play.txt', content + b'\0'),
    ]
    return Material(seeds, [Case(name, name, content) for name, content in hostile])


def _read_text(folder: Path, name: str) -> None:
    read_all(data.text(folder / name, length=4))
