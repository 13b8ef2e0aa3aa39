"""The columns of MovieLens-100k, so that new rows can be encoded."""

from collections.abc import Collection, Sequence

from mtljax.data._movielens.files import GENRES
from mtljax.data._table.bins import Bins
from mtljax.data._table.categories import Categories
from mtljax.data._table.column import Column
from mtljax.data._table.numbers import Numbers
from mtljax.data._table.schema import Schema

AGES = (18, 25, 35, 45, 50, 56)  # the brackets of MovieLens-1M
FIRST_YEAR = 1990  # films before are grouped by decade
HIDDEN = (8,)  # of each head
NAMES = ('user_id', 'item_id', 'age', 'gender', 'occupation', 'release_year')
_MISSING, _STARS = ('',), (1.0, 5.0)


def schema_of(kinds: Sequence[Collection[str]], mean: float, scale: float) -> Schema:
    """Return the schema.

    Args:
      kinds: The categories of each of the six categorical columns, in the order of their codes.
      mean: The mean of the ratings.
      scale: Their standard deviation.
    """
    contents: dict[str, Categories | Bins | Numbers] = {
        name: Categories(tuple(known)) for name, known in zip(NAMES, kinds, strict=True)
    }
    contents['age'] = _ages(list(kinds[NAMES.index('age')]))
    contents['release_year'] = _years(list(kinds[NAMES.index('release_year')]))
    contents |= dict.fromkeys(GENRES, Numbers(0.0, 1.0, 0.0, 1.0))
    inputs = [Column(name, False, _MISSING, 0.0, each) for name, each in contents.items()]
    labels = {'rating': Numbers(mean, scale, *_STARS, unit='stars'), 'like': Categories((0.0, 1.0))}
    targets = [Column(name, True, _MISSING, 0.0, each) for name, each in labels.items()]
    return Schema(tuple(targets), tuple(inputs), hidden=HIDDEN)


def _ages(known: Sequence[str]) -> Bins:
    names = map(str, range(len(AGES) + 1))
    return Bins(AGES, tuple(known.index(name) if name in known else -1 for name in names))


def _years(known: Sequence[str]) -> Bins:
    """Return ranges of years; ``'198'`` is a decade.

    >>> _years(['198', '1991'])
    Bins(edges=(1980, 1990, 1991, 1992), codes=(-1, 0, -1, 1, -1))
    """
    width = {name: 10 ** (4 - len(name)) for name in known}
    codes = {int(name) * width[name]: code for code, name in enumerate(known)}
    ends = {int(name) * width[name] + width[name] for name in known}
    edges = sorted({*codes, *ends})
    return Bins(tuple(edges), (-1, *(codes.get(edge, -1) for edge in edges)))
