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
        ({'targets': ()}, r'targets should name the columns to predict.*\(.grade.,\).*Found none'),
        (
            {'targets': ('cost', 'sold')},
            r"targets should name columns, \['key', .*Found \['cost'\]",
        ),
        (
            {'targets': ('sold', 'sold')},
            r"targets should name columns once each. Found twice: \['sold'\]",
        ),
        ({'targets': ('blank',)}, "Target 'blank' should have labels. Found only empty"),
        ({'targets': ('key',)}, "Target 'key' should have at most 50 classes.*Found 60"),
        ({'drop': ('rooms', 'nope')}, r"drop should name columns.*Found \['nope'\]"),
        ({'categorical': ('nope',)}, r"categorical should name columns.*Found \['nope'\]"),
        ({'drop': ('sold',)}, r"targets and drop should name different columns. Found \['sold'\]"),
        ({'drop': tuple(set(COLUMNS) - {*TARGETS, 'blank'})}, 'should have an input'),
        ({'validation': 1.0}, r'validation should be in \[0, 1\)'),
        ({'test': 0.0}, 'Every split should hold an example'),
        ({'seed': -1}, 'seed should be a whole number from 0 to'),
        ({'delimiter': ', '}, r"one character. Found delimiter = ', '"),
    ],
)
def test_options_that_are_refused(houses_of, monkeypatch, options, said):
    monkeypatch.setattr('mtljax.data._table.fit_target.MOST_CLASSES', 50)
    with pytest.raises(ValueError, match=said):
        houses_of(**({'targets': TARGETS} | options))


@pytest.mark.parametrize(
    ('rows', 'said'),
    [
        ('', r'houses\.csv should hold rows of text'),
        (LINES[0], r'houses\.csv should hold rows below its header'),
        (
            '\n'.join([*LINES[:4], 'k,Oslo,3', *LINES[4:]]),
            'line 5: the row should have 10 fields. Found 3',
        ),
        ('\n'.join(LINES)[:-9], 'line 61: the row should have 10 fields. Found'),
        (LINES[0].replace('rooms', 'area'), r"Found twice: \['area'\]"),
        (
            [row | {'sold': 'yes'} for row in ROWS],
            r"Target 'sold' should have two values or more in the training rows. Found only 'yes'",
        ),
        (ROWS[:2], 'Every split should hold an example. Found 2'),
    ],
)
def test_tables_that_are_refused(houses_of, rows, said):
    with pytest.raises(ValueError, match=said):
        houses_of(rows=rows)


def test_files_that_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nope\.csv is missing'):
        data.csv(tmp_path / 'nope.csv', ('a',))
    with pytest.raises(ValueError, match=r'should be a file. Found a folder'):
        data.csv(tmp_path, ('a',))
    (tmp_path / 'image.png').write_bytes(b'\x89PNG\r\n\x1a\n\xff\xfe')
    with pytest.raises(ValueError, match=r'image\.png should be text in utf-8'):
        data.csv(tmp_path / 'image.png', ('a',))


def test_a_target_without_a_training_label(houses_of):
    """What the training rows hold decides, not the whole table."""
    alone = [row | {'price': row['price'] if index == 5 else ''} for index, row in enumerate(ROWS)]
    alone[6]['price'] = '7'
    said = set()
    for seed in range(30):
        try:
            houses_of('price', rows=alone, drop=['key'], seed=seed, stratify=False)
        except ValueError as error:
            said.add(str(error))
    assert said == {
        "Target 'price' should have labels in the training rows. Found 2 labels, all in "
        'other rows. Add labels, or change the seed.',
        "Target 'price' should have two values or more in the training rows. Found only 7.0.",
        "Target 'price' should have two values or more in the training rows. Found only "
        f'{ROWS[5]["price"]}.0.',
    }


@pytest.mark.parametrize(
    ('name', 'cell', 'said'),
    [
        (
            'rooms',
            'three',
            "'rooms', row 9: the cell should be a number, as in 59 other rows. Found 'th",
        ),
        ('rooms', 'inf', "row 9: .*Found 'inf'"),
        ('rooms', '1e400', "row 9: .*Found '1e400'"),
        ('rooms', '1_000', "row 9: .*Found '1_000'.*add it to missing"),
        ('price', 'x', "'price', row 9: the cell should be a number"),
        ('price', '-inf', "'price', row 9: .*Found '-inf'"),
        ('rooms', '1e300', "Column 'rooms' should fit float32. Found numbers that are too large"),
        ('price', '1e300', "Column 'price' should fit float32. Found numbers that are too large"),
        ('price', '1e40', "Column 'price' should fit float32. Found numbers that are too large"),
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


def test_keys_are_left_out_and_indices_are_refused(houses_of, caplog):
    schema = houses_of().schema
    reason = 'its 42 different texts in 42 training rows look like a key'
    assert schema['left_out'] == {'blank': 'it has no value', 'key': reason}
    assert f"'key' is left out: {reason}" in caplog.text
    assert houses_of(hashed=['key'], most_categories=9).inputs['cardinalities'][0] == 9
    assert houses_of(categorical=['key']).inputs['cardinalities'][0] == 42
    indexed = '\n'.join(f'{index or ""},{line}' for index, line in enumerate(LINES))
    with pytest.raises(ValueError, match=r"should have a name. Found one without.*drop=\[''\]"):
        houses_of(rows=indexed, drop=['key'])
    assert houses_of(rows=indexed, drop=['key', '']).inputs['numeric'] == 4
    trailing = '\n'.join(f'{line},' for line in LINES)
    assert houses_of(rows=trailing, drop=['key']).inputs['numeric'] == 4
