"""Two handwritten digits in one image."""

import numpy as np
import optax

from mtljax import heads, metrics
from mtljax.base import Dataset, Task
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.options import check_count, check_seed

_SIDE, _OFFSET = 8, 2


def digits(
    *, train: int = 20_000, validation: int = 2_000, test: int = 4_000, seed: int = 0
) -> Dataset:
    """MultiMNIST from the small digits of scikit-learn, with tasks ``'left'`` and ``'right'``.

    Each image shows two digits of 8x8 pixels on a canvas of 10x10 pixels. The left digit is at the
    upper left, and the right digit is two pixels further to the right and down. Where they overlap,
    the brighter pixel is shown. This follows Sener & Koltun, NeurIPS 2018,
    https://arxiv.org/abs/1810.04650, who use digits of 28x28 pixels.

    The two digits of an image are drawn at random from the digits of its split. Of the 1,797
    digits, 60 percent belong to the training split, and 20 percent each to validation and test.
    Nothing is downloaded.

    Inputs are ``[B, 10, 10]`` in 0..1. Targets are the ten classes, ``[B]``.

    Args:
      train: The number of training images.
      validation: The number of validation images.
      test: The number of test images.
      seed: The random seed of the split and the pairs. The same seed gives the same bits.

    Raises:
      ValueError: A size is below 1.

    >>> dataset = digits(train=100, validation=10, test=10)
    >>> dataset.train.example.inputs.shape, list(dataset.tasks)
    ((2, 10, 10), ['left', 'right'])
    """
    from sklearn.datasets import load_digits  # slow to import

    for name, size in (('train', train), ('validation', validation), ('test', test)):
        check_count(name, size, 1)
    check_seed('seed', seed)
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
