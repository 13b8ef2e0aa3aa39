"""A small table of houses, and `data.csv` of it."""

import numpy as np

from mtljax import data

COLUMNS = ('key', 'city', 'rooms', 'area', 'storeys', 'blank', 'price', 'sold', 'state', 'grade')


def houses(size=60):
    """Rows of text; city, area, price and sold have gaps, and one city occurs once."""
    rng = np.random.default_rng(0)
    rows = []
    for index in range(size):
        city = ('Oslo', 'Bern', 'Zürich', '')[rng.integers(4)]
        row = {'key': f'k{index}', 'city': city if index else 'Once', 'blank': ''}
        row |= {'rooms': str(rng.integers(1, 6)), 'storeys': f'{rng.integers(1, 4)}'}
        row['area'] = f'{rng.uniform(30, 200):.1f}' if rng.random() < 0.8 else ''
        row['price'] = str(rng.integers(100, 999)) if rng.random() < 0.7 else ''
        row['sold'] = ('yes', 'no', '')[rng.integers(3)]
        row['state'] = ('new', 'old', 'ruin')[index % 3]
        row['grade'] = str(10 * rng.integers(1, 5))
        rows.append(row)
    return rows


ROWS = houses()
TARGETS = ('price', 'sold', 'state')


def text(rows, columns=COLUMNS):
    lines = [','.join(columns), *(','.join(row[name] for name in columns) for row in rows)]
    return '\n'.join(lines) + '\n'


LINES = text(ROWS).splitlines()


def whole(dataset, leaf):
    """A leaf of all splits, one behind the other."""
    splits = [s.arrays for s in (dataset.train, dataset.validation, dataset.test)]
    return np.concatenate([leaf(split) for split in splits])


def numbered(rows):
    """The key as a number that is no input, so that rows of the splits can be told apart."""
    return [row | {'key': str(index)} for index, row in enumerate(rows)]


def loader(path):
    """``data.csv`` of a file, after other rows are written to it."""

    def load(targets=TARGETS, *, rows=None, **options):
        if rows is not None:
            path.write_text(rows if isinstance(rows, str) else text(rows))
        return data.csv(path, targets, **options)

    return load
