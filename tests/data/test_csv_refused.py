"""Tables, cells and options that are refused."""

import pytest

from mtljax import data
from tests.data.houses import COLUMNS, LINES, ROWS, TARGETS, loader, text


@pytest.fixture
def path(tmp_path):
    (tmp_path / 'houses.csv').write_text(text(ROWS), encoding='utf-8')
    return tmp_path / 'houses.csv'


@pytest.fixture
def houses_of(path):
    return loader(path)


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'targets': ()}, r'targets is empty: name what to predict.*\(.grade.,\)'),
        (
            {'targets': ('cost', 'sold')},
            r"targets should name columns, \['key', .*Found \['cost'\]",
        ),
        (
            {'targets': ('sold', 'sold')},
            r"targets should name columns once each. Found twice: \['sold'\]",
        ),
        ({'targets': ('blank',)}, "target 'blank' has no label: every cell"),
        ({'targets': ('key',)}, "target 'key' has 60 classes; 50 at most"),
        ({'drop': ('rooms', 'nope')}, r"drop should name columns.*Found \['nope'\]"),
        ({'categorical': ('nope',)}, r"categorical should name columns.*Found \['nope'\]"),
        ({'drop': ('sold',)}, r"targets and drop both name \['sold'\]"),
        ({'drop': tuple(set(COLUMNS) - {*TARGETS, 'blank'})}, 'No column is left for the inputs'),
        ({'validation': 1.0}, r'validation should be in \[0, 1\)'),
        ({'test': 0.0}, 'Every split needs an example'),
        ({'seed': -1}, 'seed should be a whole number >= 0'),
        ({'delimiter': ', '}, r"one character. Found delimiter = ', '"),
    ],
)
def test_options_that_are_refused(houses_of, monkeypatch, options, said):
    monkeypatch.setattr('mtljax.data._csv_targets._CLASSES', 50)
    with pytest.raises(ValueError, match=said):
        houses_of(**({'targets': TARGETS} | options))


@pytest.mark.parametrize(
    ('rows', 'said'),
    [
        ('', r'houses\.csv is empty'),
        (LINES[0], r'houses\.csv has a header and no row'),
        (
            '\n'.join([*LINES[:4], 'k,Oslo,3', *LINES[4:]]),
            'line 5: 10 fields are expected. Found 3',
        ),
        ('\n'.join(LINES)[:-9], 'line 61: 10 fields are expected. Found'),
        (LINES[0].replace('rooms', 'area'), r"Found twice: \['area'\]"),
        (
            [row | {'sold': 'yes'} for row in ROWS],
            r"target 'sold' has a single value in the training rows, 'yes'",
        ),
        (ROWS[:2], 'Every split needs an example. Found 2'),
    ],
)
def test_tables_that_are_refused(houses_of, rows, said):
    with pytest.raises(ValueError, match=said):
        houses_of(rows=rows)


def test_files_that_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nope\.csv is missing'):
        data.csv(tmp_path / 'nope.csv', ('a',))
    with pytest.raises(ValueError, match=r'is a folder: a file is expected'):
        data.csv(tmp_path, ('a',))
    (tmp_path / 'image.png').write_bytes(b'\x89PNG\r\n\x1a\n\xff\xfe')
    with pytest.raises(ValueError, match=r'image\.png, behind line 0'):
        data.csv(tmp_path / 'image.png', ('a',))


def test_a_target_without_a_training_label(houses_of):
    """What the training rows hold decides, not the whole table."""
    alone = [row | {'price': row['price'] if index == 5 else ''} for index, row in enumerate(ROWS)]
    alone[6]['price'] = '7'
    said = set()
    for seed in range(30):
        try:
            houses_of('price', rows=alone, drop=['key'], seed=seed)
        except ValueError as error:
            said.add(str(error).partition(': ')[0])
    assert said == {
        "The target 'price' has no label in the training rows, and 2 in the others",
        "The target 'price' has a single value in the training rows, 7.0.",
        f"The target 'price' has a single value in the training rows, {ROWS[5]['price']}.0.",
    }


@pytest.mark.parametrize(
    ('name', 'cell', 'said'),
    [
        ('rooms', 'three', "'rooms', row 9: a number is expected, as in 59 other rows. Found 'th"),
        ('rooms', 'inf', "row 9: .*Found 'inf'"),
        ('rooms', '1e400', "row 9: .*Found '1e400'"),
        ('rooms', '1_000', "row 9: .*Found '1_000'.*name it in missing"),
        ('price', 'x', "'price', row 9: a number is expected"),
        ('price', '-inf', "'price', row 9: .*Found '-inf'"),
        ('rooms', '1e300', "Column 'rooms' holds numbers that are too large"),
        ('price', '1e300', "Column 'price' holds numbers that are too large"),
        ('price', '1e40', "Column 'price' holds numbers that are too large"),
        ('city', '"Oslo', 'from line 9 on: unexpected end of data'),
    ],
)
def test_cells_that_are_refused(houses_of, name, cell, said):
    rows = [row | {name: cell} if index == 7 else row for index, row in enumerate(ROWS)]
    with pytest.raises(ValueError, match=said):
        houses_of(rows=rows, drop=['key'])


def test_a_column_of_many_numbers_may_be_named(houses_of):
    rows = [row | {'rooms': 'many'} if index == 7 else row for index, row in enumerate(ROWS)]
    named = houses_of(rows=rows, drop=['key'], categorical='rooms')
    assert len(named.inputs['cardinalities']) == 2


def test_keys_and_indices_are_refused(houses_of):
    with pytest.raises(ValueError, match=r"'key' has 42 different texts in 42 .*drop=\['key'\]"):
        houses_of()
    assert houses_of(categorical=['key']).inputs['cardinalities'][0] == 42
    indexed = '\n'.join(f'{index or ""},{line}' for index, line in enumerate(LINES))
    with pytest.raises(ValueError, match=r"no name: was an index written with it\? drop=\[''\]"):
        houses_of(rows=indexed, drop=['key'])
    assert houses_of(rows=indexed, drop=['key', '']).inputs['numeric'] == 4
    trailing = '\n'.join(f'{line},' for line in LINES)
    assert houses_of(rows=trailing, drop=['key']).inputs['numeric'] == 4
