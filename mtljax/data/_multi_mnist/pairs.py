"""Pairs of images on one canvas, by two recipes."""

from typing import NamedTuple

import numpy as np

from mtljax.base import Batch
from mtljax.data._splits.array_split import ArraySplit

SIDE, CANVAS = 28, 36
PASSES = {'sener': 1, 'pmtl': 2}
"""For each recipe, how often each original is the left image by default."""

_SHIFT = 4  # of the images of 'pmtl', in pixels
_CORNER = 6  # of the right image of 'sener'


class Pool(NamedTuple):
    """Originals ``[N, 28, 28]`` and their labels ``[N]``."""

    images: np.ndarray
    labels: np.ndarray

    def part(self, rows: np.ndarray) -> 'Pool':
        """Return some of the originals."""
        return Pool(self.images[rows], self.labels[rows])


def compose(
    left: Pool,
    right: Pool,
    size: int | None,
    recipe: str,
    same_kind: bool,
    rng: np.random.Generator,
) -> ArraySplit:
    """Draw partners and positions, and merge the pixels; see `multi_mnist`.

    Args:
      left: The originals at the upper left.
      right: The originals at the lower right.
      size: The number of pairs; None for the number of the recipe.
      recipe: One of `PASSES`.
      same_kind: Whether both have the same classes.
      rng: The generator of the random numbers.

    Raises:
      ValueError: The recipe needs partners of another class, but there is only one class.
    """
    size = PASSES[recipe] * len(left.labels) if size is None else size
    first = np.resize(rng.permutation(len(left.labels)), size)
    apart = recipe == 'pmtl' and same_kind
    draw = _other_class if apart else lambda pool, _, rng: rng.integers(len(pool.labels), size=size)
    second = draw(right, left.labels[first], rng)
    near, far = np.zeros((size, 2), int), np.full((size, 2), _CORNER)
    if recipe == 'pmtl':
        near, far = rng.integers(_SHIFT + 1, size=(2, size, 2))
        far = CANVAS - SIDE - far
    canvas = np.zeros((size, CANVAS, CANVAS), np.uint8)
    _paint(canvas, left.images, first, near)
    _paint(canvas, right.images, second, far)
    if recipe == 'sener':
        nearest = (2 * np.arange(SIDE) + 1) * CANVAS // (2 * SIDE)
        canvas = canvas[:, nearest[:, None], nearest]
    targets = {'left': left.labels[first], 'right': right.labels[second]}
    targets = {task: labels.astype(np.int32) for task, labels in targets.items()}
    inputs = np.divide(canvas, 255, dtype=np.float32)
    return ArraySplit(Batch(inputs, targets, {task: np.ones(size, bool) for task in targets}))


def _other_class(pool: Pool, labels: np.ndarray, rng) -> np.ndarray:
    """Draw for each label a random original of any other class."""
    order = np.argsort(pool.labels, kind='stable')
    counts = np.bincount(pool.labels, minlength=10)
    if counts.max() == len(order):
        raise ValueError(
            'Every split should hold two classes or more, so that partners can have different '
            "classes. Found one class. Use other files, or recipe='sener'."
        )
    drawn = rng.integers(len(order) - counts[labels])
    start = np.cumsum(counts) - counts
    return order[drawn + np.where(drawn >= start[labels], counts[labels], 0)]


def _paint(canvas, images, rows, corners) -> None:
    """Merge ``images[rows]`` into the canvas. Images with the same corner are merged at once."""
    for y, x in np.unique(corners, axis=0):
        here = np.flatnonzero((corners == (y, x)).all(axis=1))
        window = (here, slice(y, y + SIDE), slice(x, x + SIDE))
        canvas[window] = np.maximum(canvas[window], images[rows[here]])
