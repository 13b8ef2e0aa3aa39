"""Write the table of a shop that does not exist, to try the programs on a table.

python -m experiments.shop --output=shop.csv [--rows=8000] [--seed=0] [--nolabels]

Each row is a visit: when it was, from where the customer came, what lies in the basket, the price
and the discount. Four columns say what became of it: whether the customer bought, the amount, the
rating in a survey that few answer, and whether the goods came back. Many of these labels are
missing, and some other cells are empty. With --nolabels, these four columns are left out.
"""

import csv
import io
from pathlib import Path

import numpy as np
from absl import flags

from experiments import program
from mtljax.files import write_text

LABELS = ('bought', 'amount', 'rating', 'returned')
_SOURCES, _KINDS = ('search', 'mail', 'friend', 'advert'), ('shoes', 'coat', 'lamp', 'toy', 'book')
_CITIES = ('Basel', 'Bern', 'Chur', 'Genf', 'Lugano', 'Sion', 'Thun', 'Zug')
_FIRST = np.datetime64('2023-01-01T00:00')
_TYPICAL = {'shoes': 90, 'coat': 160, 'lamp': 70, 'toy': 35, 'book': 20}

_OUTPUT = flags.DEFINE_string('output', None, 'The file of the table, .csv.')
_ROWS = flags.DEFINE_integer('rows', 8000, 'The number of visits.', lower_bound=1)
_SEED = flags.DEFINE_integer('seed', 0, 'The seed of the visits.', lower_bound=0)
_WITH_LABELS = flags.DEFINE_bool('labels', True, 'Whether the table says what became of a visit.')


def main() -> None:
    """Run the program."""
    if not _OUTPUT.value:
        raise program.UsageError('--output=FILE.csv is expected: see --help.')
    write_text(Path(_OUTPUT.value), text_of(_ROWS.value, _SEED.value, labels=_WITH_LABELS.value))
    program.console.print(f'{_ROWS.value:,} rows, written to {_OUTPUT.value}', markup=False)


def text_of(rows: int, seed: int, *, labels: bool = True) -> str:
    """Return the table as text.

    Args:
      rows: The number of visits.
      seed: The seed of the random numbers.
      labels: Whether the table has the four labels.

    >>> text_of(1, 0, labels=False).splitlines()[0]
    'visit,time,source,city,kind,price,discount,pages'
    """
    rng = np.random.default_rng(seed)
    table = _visits(rng, rows)
    outcomes = _outcomes(rng, table)
    table |= outcomes if labels else {}
    for name, share in (('city', 0.05), ('pages', 0.08)):
        table[name] = np.where(rng.random(rows) < share, '', table[name])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(table)
    writer.writerows(zip(*(column.tolist() for column in table.values()), strict=True))
    return text.getvalue()


def _visits(rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    kind = rng.choice(_KINDS, rows)
    typical = np.array([_TYPICAL[name] for name in kind.tolist()])
    minutes = rng.integers(2 * 365 * 24 * 60, size=rows).astype('timedelta64[m]')
    return {
        'visit': np.array([f'v{rng.integers(1 << 40):011x}' for _ in range(rows)]),
        'time': np.datetime_as_string(_FIRST + minutes, unit='m'),
        'source': rng.choice(_SOURCES, rows, p=(0.4, 0.25, 0.15, 0.2)),
        'city': rng.choice(_CITIES, rows),
        'kind': kind,
        'price': np.round(typical * np.exp(0.3 * rng.normal(size=rows)), 2),
        'discount': np.array([f'{x} %' for x in rng.choice([0, 0, 10, 20, 30], rows)]),
        'pages': rng.poisson(4, rows) + 1,
    }


def _outcomes(rng: np.random.Generator, table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Draw what became of each visit: all outcomes depend on the same two wishes."""
    rows = len(table['kind'])
    season = np.cos(2 * np.pi * (table['time'].astype('datetime64[D]').astype(int) % 365) / 365)
    off = np.array([int(text.split()[0]) for text in table['discount'].tolist()])
    friend = (table['source'] == 'friend') - 0.6 * (table['source'] == 'advert')
    wish = 0.25 * (table['pages'] - 5) + 0.05 * off + 0.9 * friend - 0.8
    wish += 0.8 * season * np.where(table['kind'] == 'coat', 1, -0.3)
    doubt = 0.04 * off + 1.2 * np.isin(table['kind'], ['shoes', 'coat']) - 0.7 * friend - 1.5
    bought = rng.random(rows) < _chance(1.3 * wish)
    amount = table['price'] * (1 - off / 100) * (1 + rng.poisson(np.exp(0.3 * wish - 0.8)))
    amount = np.round(amount * np.exp(0.1 * rng.normal(size=rows)), 2)
    score = wish - doubt + 0.7 * rng.normal(size=rows)
    rating = np.array(['poor', 'fair', 'good'])[np.digitize(score, (-0.5, 1.0))]
    returned = rng.random(rows) < _chance(2 * doubt - 0.5 * wish)
    asked, known = rng.random(rows) < 0.15, rng.random(rows) < 0.4
    return {
        'bought': np.where(bought, 'yes', 'no'),
        'amount': np.where(bought, amount.astype(str), ''),
        'rating': np.where(bought & asked, rating, ''),
        'returned': np.where(bought & known, np.where(returned, 'yes', 'no'), ''),
    }


def _chance(score: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-score))


if __name__ == '__main__':
    program.run(main)
