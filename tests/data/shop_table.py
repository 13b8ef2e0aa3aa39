"""A table of every kind of cells, and what compares two data sets."""

import numpy as np

ROWS = 300
rng = np.random.default_rng(0)
DAYS = np.datetime64('2023-01-01') + rng.integers(0, 700, ROWS)
TABLE = {
    'size': [
        None if row % 17 == 0 else float(number)
        for row, number in enumerate(rng.normal(size=ROWS).round(3))
    ],
    'rooms': rng.integers(1, 9, ROWS).tolist(),
    'city': [('Bern', 'Oslo', None)[row % 3] for row in range(ROWS)],
    'day': DAYS.tolist(),
    'garden': (rng.random(ROWS) < 0.5).tolist(),
    'sold': [('no', 'yes')[row % 2] for row in range(ROWS)],
    'price': (10 + 100 * rng.random(ROWS)).round(2).tolist(),
}
TARGETS = ('sold', 'price')


def csv_text(table=TABLE):
    rows = zip(*table.values(), strict=True)
    lines = [','.join('' if cell is None else str(cell) for cell in row) for row in rows]
    return '\n'.join([','.join(table), *lines]) + '\n'


def same(one, other):
    assert one.inputs == other.inputs
    for split in ('train', 'validation', 'test'):
        here, there = getattr(one, split), getattr(other, split)
        assert here.size == there.size
        rows = np.arange(here.size)
        for a, b in zip(leaves(here.take(rows)), leaves(there.take(rows)), strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)


def leaves(batch):
    return [*batch.inputs.values(), *batch.targets.values(), *batch.mask.values()]
