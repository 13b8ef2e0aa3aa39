"""Two handwritten digits in one image."""

import numpy as np
import optax

from mtljax import heads, metrics
from mtljax.base import Dataset, Task
from mtljax.data._splits.array_split import ArraySplit, array_split

_SIDE, _OFFSET = 8, 2


def digits(
    *, train: int = 20_000, validation: int = 2_000, test: int = 4_000, seed: int = 0
) -> Dataset:
    """Make MultiMNIST from scikit-learn's digits: tasks ``'left'`` and ``'right'``.

    One 8x8 digit lies at the upper left of a 10x10 canvas, another one two pixels further right
    and down. Where they overlap, the brighter pixel is seen (after Sener & Koltun, NeurIPS 2018,
    https://arxiv.org/abs/1810.04650, who use 28x28 digits four pixels per side apart). The
    partners are drawn at random within a split, and each split has its own originals (60, 20 and
    20 percent of 1,797). Nothing is downloaded.

    Inputs ``[B, 10, 10]`` in 0..1; targets ``[B]``, the ten classes.

    Args:
      train: The number of composed training images.
      validation: The number of validation images.
      test: The number of test images.
      seed: The seed of the split and the pairs; the same seed gives the same bits.

    Raises:
      ValueError: A size is below 1.

    >>> dataset = digits(train=100, validation=10, test=10)
    >>> dataset.train.example.inputs.shape, list(dataset.tasks)
    ((2, 10, 10), ['left', 'right'])
    """
    from sklearn.datasets import load_digits  # slow to import

    if min(train, validation, test) < 1:
        raise ValueError(f'Sizes should be at least 1. Found {(train, validation, test)}.')
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, _SIDE, _SIDE).astype(np.float32) / 16
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(images))
    parts = np.split(order, [len(order) * 3 // 5, len(order) * 4 // 5])
    splits = [
        _compose(images[part], labels[part], size, rng)
        for part, size in zip(parts, (train, validation, test), strict=True)
    ]
    task = Task(
        heads.linear(10),
        optax.softmax_cross_entropy_with_integer_labels,
        {'accuracy': metrics.accuracy()},
    )
    return Dataset({'left': task, 'right': task}, *splits)


def _compose(images, labels, size, rng) -> ArraySplit:
    left, right = rng.integers(len(images), size=(2, size))
    canvas = np.zeros((size, _SIDE + _OFFSET, _SIDE + _OFFSET), np.float32)
    canvas[:, :_SIDE, :_SIDE] = images[left]
    corner = canvas[:, _OFFSET:, _OFFSET:]
    np.maximum(corner, images[right], out=corner)
    return array_split(canvas, {'left': labels[left], 'right': labels[right]})
