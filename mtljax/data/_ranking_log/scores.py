"""Scores over categorical and numeric columns, with known angles between them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

CATEGORICAL = {
    'segment': 12,
    'device': 3,
    'country': 25,
    'hour': 24,
    'category': 40,
    'seller': 60,
    'position': 10,
}
NUMERIC = ('activity', 'tenure', 'price', 'rating', 'novelty', 'length')

_PAIR = [list(CATEGORICAL).index(name) for name in ('segment', 'category')]  # they interact
_POPULAR = 0.7  # category k is drawn in proportion to (k + 1) ** -_POPULAR
_RANK = 3  # of the interaction
_INTERACTION = 2.0  # its expected share of a score, where each column has 1


class Columns(NamedTuple):
    """Impressions: numbers of categories ``[N, 7]`` and standard normal numbers ``[N, 6]``."""

    categorical: np.ndarray
    numeric: np.ndarray


class Space(NamedTuple):
    """Coordinates of an impression that have mean 0, variance 1 and no covariance.

    Attributes:
      shares: For each categorical column, how often each category is drawn.
      bases: For each categorical column, the values of its coordinates,
        ``[categories, categories - 1]``.
      affinity: For each segment and each category of items, the effect of the pair beyond the
        effects of both, ``[12, 40]``.
    """

    shares: list[np.ndarray]
    bases: list[np.ndarray]
    affinity: np.ndarray

    def random_direction(self, rng: np.random.Generator) -> np.ndarray:
        """Normal weights. In expectation, every column has the same effect."""
        sizes = np.array([basis.shape[1] for basis in self.bases] + [1] * len(NUMERIC) + [1])
        shares = np.array([1.0] * (len(sizes) - 1) + [_INTERACTION])
        scale = np.repeat(np.sqrt(shares / sizes), sizes)
        return scale * rng.normal(size=scale.shape)


def space(rng: np.random.Generator) -> Space:
    """The coordinates: main effects of every column, and one interaction."""
    shares = [np.arange(1, count + 1) ** -_POPULAR for count in CATEGORICAL.values()]
    shares = [share / share.sum() for share in shares]
    users, items = (shares[column] for column in _PAIR)
    return Space(shares, [_basis(share) for share in shares], _affinity(users, items, rng))


def _basis(shares: np.ndarray) -> np.ndarray:
    """Values of ``K - 1`` coordinates: columns orthogonal to the constant in ``L2(shares)``."""
    root = np.sqrt(shares)
    whole = np.column_stack([root, np.eye(len(shares))[:, 1:]])
    return np.linalg.qr(whole)[0][:, 1:] / root[:, None]


def _affinity(users: np.ndarray, items: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A table of low rank without main effects, of variance 1."""
    table = rng.normal(size=(len(users), _RANK)) @ rng.normal(size=(_RANK, len(items)))
    table = table - users @ table
    table = table - (table @ items)[:, None]
    return table / np.sqrt(users @ table**2 @ items)


def draw(space: Space, size: int, rng: np.random.Generator) -> Columns:
    """Impressions whose columns are independent."""
    columns = [rng.choice(len(share), size, p=share) for share in space.shares]
    return Columns(
        np.stack(columns, axis=1).astype(np.int32), rng.normal(size=(size, len(NUMERIC)))
    )


def scores(space: Space, columns: Columns, directions: np.ndarray) -> np.ndarray:
    """``<direction, coordinates>`` of each impression, ``[N, directions]``.

    Args:
      space: The coordinates.
      columns: The impressions.
      directions: Vectors ``[directions, size of the space]``; the covariance of two scores is their
        inner product.
    """
    ends = np.cumsum([basis.shape[1] for basis in space.bases])
    *effects, rest = np.split(directions.T, ends)
    total = columns.numeric @ rest[:-1]
    for index, (basis, effect) in enumerate(zip(space.bases, effects, strict=True)):
        total += (basis @ effect)[columns.categorical[:, index]]
    users, items = columns.categorical[:, _PAIR].T
    return total + space.affinity[users, items][:, None] * rest[-1]


def directions(space: Space, cosines: Sequence[float], rng: np.random.Generator) -> np.ndarray:
    """Unit vectors, ``[1 + cosines, size]``: a random one, and others at given angles to it."""
    first = space.random_direction(rng)
    first /= np.linalg.norm(first)
    unit = [first]
    for cosine in cosines:
        other = space.random_direction(rng)
        other -= (other @ first) * first
        other /= np.linalg.norm(other)
        unit.append(cosine * first + np.sqrt(1 - cosine**2) * other)
    return np.stack(unit)
