"""MovieLens-100k: the rating of a film by a user, and whether the user liked the film."""

import os

import numpy as np
import optax

from mtljax import answers, heads, metrics
from mtljax.base import Dataset, Task
from mtljax.data._movielens.files import read_movies
from mtljax.data._movielens.schema import AGES, FIRST_YEAR, HIDDEN, schema_of
from mtljax.data._reading.cells import categories, encode
from mtljax.data._reading.paths import folder_of
from mtljax.data._reading.scaling import standardise, to_units
from mtljax.data._splits.array_split import array_split
from mtljax.data._splits.random_rows import random_rows
from mtljax.options import check_seed

_LIKED = 4


def movielens(path: str | os.PathLike | None = None, *, seed: int = 0) -> Dataset:
    """MovieLens-100k: ratings of films, with the tasks ``'rating'`` and ``'like'``.

    The data has 100,000 ratings of 1,682 films by 943 users (Harper & Konstan, The MovieLens
    Datasets, ACM TiiS 2015, https://doi.org/10.1145/2827872). A rating is 1 to 5, and a like is a
    rating of 4 or 5. The folder holds the files of one of two sources, which may be gzipped::

        ml-100k.inter, ml-100k.user, ml-100k.item   (RecBole's atomic files), or
        u.data, u.user, u.item                      (GroupLens)

    Inputs are ``{'categorical': int32 [B, 6], 'numeric': float32 [B, 19]}``. The categorical
    columns are the user, the film, the age group, the gender, the occupation, and the year of
    release (by decade before 1990). Each category of the training rows has a number, and a category
    that these rows do not contain is -1. The numeric columns are the genres, 0 or 1.

    Targets are ``[B]``. The rating is standardised with the mean and the standard deviation of the
    training rows, and its metrics ``rmse`` and ``mae`` are in stars. The like is 0 or 1, with the
    metric ``auc``. No label is missing. The ratings are split at random: 80 percent for training,
    and 10 percent each for validation and test. The users and films of the test split therefore
    mostly occur in the training split too, but in other pairs.

    A run can answer for new tables with the columns ``user_id``, ``item_id``, ``age``, ``gender``,
    ``occupation`` and ``release_year``, and one column of 0 and 1 for each genre, such as
    ``Action``. In such a table, an empty cell is an unknown category, and no genre.

    Args:
      path: The folder. By default it is the one that ``python -m experiments.data fetch movielens``
        fills.
      seed: The random seed of the split.

    Raises:
      FileNotFoundError: A file is missing.
      ValueError: A file does not have the expected content, or a user rates a film twice. In both
        cases, the error names the row. A ValueError is also raised if the folder holds the files of
        both sources.

    >>> movielens('nowhere')
    Traceback (most recent call last):
    FileNotFoundError: nowhere/ml-100k.inter is missing. Expected:
    ...
    """
    check_seed('seed', seed)
    movies = read_movies(folder_of(path, 'movielens'))
    parts = random_rows(len(movies.rating), 0.1, 0.1, seed)
    columns, genres = _columns(movies)
    kinds = [categories({column[row] for row in parts[0]} - {''}) for column in columns]
    categorical = np.stack(
        [encode(column, kind) for column, kind in zip(columns, kinds, strict=True)], axis=1
    )
    scaled, mean, scale = standardise(movies.rating, parts[0], ['rating'], targets=True)
    liked = (movies.rating >= _LIKED).astype(np.int32)
    splits = [
        array_split(
            {'categorical': categorical[part], 'numeric': genres[part]},
            {'rating': scaled[part], 'like': liked[part]},
        )
        for part in parts
    ]
    schema = schema_of(kinds, float(mean), float(scale))
    tasks = _tasks(mean, scale)
    return Dataset(tasks, *splits, inputs=schema.options, schema=schema.to_json())


def _columns(movies):
    """Six columns of N names, ``''`` if a name is unknown, and the genres ``[N, 19]``."""
    people = [movies.users[name] for name in movies.user]
    films = [movies.items[name] for name in movies.item]
    age, gender, occupation = zip(*people, strict=True)
    year, genres = zip(*films, strict=True)
    bracket = np.searchsorted(AGES, age, 'right').astype(str)
    columns = [
        movies.user,
        movies.item,
        np.where(np.isnan(age), '', bracket).tolist(),
        gender,
        occupation,
        [when if when >= str(FIRST_YEAR) else when[:3] for when in year],
    ]
    return columns, np.stack(genres)


def _tasks(mean, scale) -> dict[str, Task]:
    spread = to_units(0, scale)
    errors = {'rmse': metrics.rmse(spread), 'mae': metrics.mae(spread)}
    stars, head = to_units(mean, scale), heads.mlp(HIDDEN)
    rating = answers.number(stars, 'stars')
    return {
        'rating': Task(head, optax.squared_error, errors, stars, answer=rating),
        'like': Task(head, optax.sigmoid_binary_cross_entropy, {'auc': metrics.auc()}),
    }
