"""The two layouts in which MovieLens-100k is distributed."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtljax._shown import shown
from mtljax.data._reading.names import check_header, first_repeat
from mtljax.data._reading.paths import require_one
from mtljax.data._reading.rows import numbers, rows

LAYOUT = """\
ml-100k.inter, ml-100k.user, ml-100k.item   (RecBole's atomic files), or
u.data, u.user, u.item                      (GroupLens)"""
SOURCE = (
    'python -m experiments.data fetch movielens brings the first; '
    'https://grouplens.org/datasets/movielens/100k has the second.'
)
_AGAIN = 'Fetch the files again: python -m experiments.data fetch movielens.'
GENRES = (
    'unknown', 'Action', 'Adventure', 'Animation', "Children's", 'Comedy', 'Crime', 'Documentary',
    'Drama', 'Fantasy', 'Film-Noir', 'Horror', 'Musical', 'Mystery', 'Romance', 'Sci-Fi',
    'Thriller', 'War', 'Western',
)  # fmt: skip
_NAMES = (
    ('ml-100k.inter', 'ml-100k.user', 'ml-100k.item'),
    ('u.data', 'u.user', 'u.item'),
)
_RATINGS = {str(rating): float(rating) for rating in range(1, 6)}
_FLAGS = slice(5, 5 + len(GENRES))  # of the 24 fields of u.item


class Movies(NamedTuple):
    """Ratings, users and films as text.

    Attributes:
      user: The user of each of the N ratings.
      item: The film of each rating.
      rating: The ratings, float64 ``[N]``.
      users: ``{user: (age, gender, occupation)}``.
      items: ``{item: (year or '', genres [19] of 0 and 1)}``.
    """

    user: tuple[str, ...]
    item: tuple[str, ...]
    rating: np.ndarray
    users: dict[str, tuple[float, str, str]]
    items: dict[str, tuple[str, np.ndarray]]


def read_movies(folder: Path) -> Movies:
    """Read the ratings, users and films of a folder in either layout.

    Raises:
      FileNotFoundError: A file is missing.
      ValueError: A file does not have the expected content, a rating names a user or film that is
        not listed, or a user rates a film twice (the error names the file and the row). Or the
        folder holds both layouts.
    """
    files = require_one(folder, _NAMES, LAYOUT, SOURCE)
    return _grouplens(*files) if files[0].name.startswith('u.') else _recbole(*files)


def _recbole(ratings, users, items):
    seen = _atomic(ratings, ('user_id', 'item_id', 'rating'))
    people = _atomic(users, ('user_id', 'age', 'gender', 'occupation'))
    films = _atomic(items, ('item_id', 'release_year', 'class'))
    genres = [_flags(items, row, cell.split()) for row, cell in enumerate(films[2], 2)]
    return _movies((ratings, *seen), (users, *people), (items, *films[:2], genres), 2)


def _grouplens(ratings, users, items):
    seen = list(zip(*rows(ratings, 4, delimiter='\t', quotes=False), strict=True))[:3]
    people = list(zip(*rows(users, 5, delimiter='|', quotes=False), strict=True))[:4]
    films = list(rows(items, 24, delimiter='|', quotes=False, encoding='latin-1'))
    genres = [_bits(items, row, film[_FLAGS]) for row, film in enumerate(films, 1)]
    numbered = items, [film[0] for film in films], [film[2] for film in films], genres
    return _movies((ratings, *seen), (users, *people), numbered, 1)


def _movies(seen, people, films, first):
    path, user, item, cells = seen
    users_path, name, age, gender, occupation = people
    films_path, film, year, genres = films
    ages = numbers(users_path, 'age', age, first=first)
    users = dict(zip(name, zip(ages, gender, occupation, strict=True), strict=True))
    years = [match[0] if (match := re.search(r'\d{4}$', cell)) else '' for cell in year]
    items = dict(zip(film, zip(years, genres, strict=True), strict=True))
    for where, ids, known in ((users_path, name, users), (films_path, film, items)):
        if len(known) < len(ids):
            raise ValueError(
                f'{where} should hold every id once. Found {len(ids)} rows with {len(known)} '
                f'different ids. {_AGAIN}'
            )
    _check_pairs(path, {'user': (user, users), 'item': (item, items)}, first)
    rating = np.array([_RATINGS.get(cell.removesuffix('.0'), np.nan) for cell in cells])
    if np.isnan(rating).any():
        row = int(np.isnan(rating).argmax())
        raise ValueError(
            f'{path}, row {row + first}: the rating should be 1, 2, 3, 4 or 5. '
            f'Found {shown(cells[row])}. {_AGAIN}'
        )
    return Movies(user, item, rating, users, items)


def _check_pairs(path, columns, first):
    for kind, (ids, known) in columns.items():
        row = next((row for row, one in enumerate(ids) if one not in known), None)
        if row is not None:
            raise ValueError(
                f'{path}, row {row + first}: the {kind} should be listed in the file of {kind}s. '
                f'Found {kind} {shown(ids[row])}. {_AGAIN}'
            )
    row = first_repeat(zip(*(ids for ids, _ in columns.values()), strict=True))
    if row is not None:
        raise ValueError(
            f'{path}, row {row + first}: a user should rate an item once. '
            f'Found a second rating. {_AGAIN}'
        )


def _atomic(path, names):
    """The named columns of a tab-separated file whose header has fields ``name:type``."""
    header, *body = rows(path, delimiter='\t', quotes=False)
    fields = [field.split(':')[0] for field in header]
    check_header(path, fields, names)
    if not body:
        raise ValueError(f'{path} should hold rows below its header. Found none. {_AGAIN}')
    columns = list(zip(*body, strict=True))
    return [columns[fields.index(name)] for name in names]


def _flags(path, row, names):
    unknown = set(names) - set(GENRES)
    if unknown:
        raise ValueError(
            f'{path}, row {row}: genres should be among {GENRES}. Found '
            f'{shown(sorted(unknown))}. {_AGAIN}'
        )
    return np.isin(GENRES, names).astype(np.float32)


def _bits(path, row, cells):
    if not set(cells) <= {'0', '1'}:
        raise ValueError(
            f'{path}, row {row}: the 19 genres should be 0 or 1. Found {shown(cells)}. {_AGAIN}'
        )
    return np.array(cells, np.float32)
