"""Two MNIST images in one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import optax

from mtljax import heads, metrics
from mtljax.base import Dataset, Task
from mtljax.data._multi_mnist.pairs import PASSES, SIDE, Pool, compose
from mtljax.data._reading.idx import read_idx
from mtljax.data._reading.paths import as_path, fetched_folder, require
from mtljax.options import check_count, check_seed

_LAYOUT = '\n'.join(
    f'{part}-{name}-ubyte[.gz]'
    for part in ('train', 't10k')
    for name in ('images-idx3', 'labels-idx1')
)
_FETCHED = {'mnist': 'mnist', 'fashion': 'fashion_mnist'}
_KINDS = {
    'mnist': ('mnist', 'mnist'),
    'fashion': ('fashion', 'fashion'),
    'both': ('mnist', 'fashion'),
}


def multi_mnist(
    path: str | Path | Mapping[str, str | Path] | None = None,
    *,
    kind: Literal['mnist', 'fashion', 'both'] = 'mnist',
    recipe: Literal['sener', 'pmtl'] = 'sener',
    train: int | None = None,
    validation: int | None = None,
    test: int | None = None,
    seed: int = 0,
) -> Dataset:
    """MultiMNIST, MultiFashion or MultiFashion+MNIST, with the tasks ``'left'`` and ``'right'``.

    Two original images, called partners, are placed on a canvas of 36x36 pixels, one at the upper
    left, and the other at the lower right. Where they overlap, the brighter pixel is shown. Task
    ``'left'`` is to classify the image at the upper left, and task ``'right'`` is to classify its
    partner. There are two published recipes:

    - ``'sener'``: the corners of the images are at (0, 0) and (6, 6), and the partner of an image
      may have any class. The canvas is then reduced to 28x28 pixels without interpolation: row i of
      the result is row ``floor((i + 0.5) 36 / 28)`` of the canvas, and columns are chosen in the
      same way. Every original is the left image once (Sener & Koltun, NeurIPS 2018,
      https://arxiv.org/abs/1810.04650). The authors of this paper also stretched every image to
      0..255 and standardised the inputs. This function does not do that.
    - ``'pmtl'``: the canvas stays 36x36. Each image is moved from its corner of the canvas by up to
      4 pixels along each axis. Partners have different classes, and every original is the left
      image twice (Lin et al., NeurIPS 2019, https://arxiv.org/abs/1912.12854). The paper does not
      say how overlapping pixels are merged.

    Inputs are ``[B, 28, 28]`` (``'sener'``) or ``[B, 36, 36]`` (``'pmtl'``) in 0..1. Targets are
    the ten classes, ``[B]``. A tenth of the originals in the training files is held out for
    validation, and no training image shows them. The test split uses only the test files, as in the
    papers. The papers drew other random partners, so their test images differ from the
    ones here.

    Args:
      path: The folder with the four idx files. With ``kind='both'`` it is
        ``{'mnist': folder, 'fashion': folder}``. None stands for the files that
        ``python -m experiments.data fetch mnist`` or ``fetch fashion_mnist`` has fetched.
      kind: The originals: ``'mnist'``, ``'fashion'``, or ``'both'`` for a digit at the left and a
        piece of clothing at the right.
      recipe: The recipe, ``'sener'`` or ``'pmtl'``.
      train: The number of training images. The default is 54,000 (``'sener'``) or 108,000
        (``'pmtl'``).
      validation: The number of validation images. The default is 6,000 (``'sener'``) or 12,000
        (``'pmtl'``).
      test: The number of test images. The default is 10,000 (``'sener'``) or 20,000 (``'pmtl'``).
      seed: The random seed of the held-out originals, the partners and the positions. The same seed
        gives the same bits.

    Raises:
      FileNotFoundError: A file is missing.
      ValueError: An option is out of range, or the content of a file does not fit its name.

    >>> multi_mnist('nowhere')
    Traceback (most recent call last):
    FileNotFoundError: nowhere/train-images-idx3-ubyte is missing. Expected:
    train-images-idx3-ubyte[.gz]
    train-labels-idx1-ubyte[.gz]
    t10k-images-idx3-ubyte[.gz]
    t10k-labels-idx1-ubyte[.gz]
    `python -m experiments.data fetch mnist` fetches them.
    """
    _check('kind', kind, _KINDS)
    _check('recipe', recipe, PASSES)
    sizes = {'train': train, 'validation': validation, 'test': test}
    for name, size in sizes.items():
        if size is not None:
            check_count(name, size, 1)
    check_seed('seed', seed)
    sources = {name: _source(name, _folder(path, kind, name), seed) for name in set(_KINDS[kind])}
    left, right = (sources[name] for name in _KINDS[kind])
    splits = [
        compose(left[part], right[part], size, recipe, kind != 'both', stream)
        for (part, size), stream in zip(
            sizes.items(), np.random.default_rng(seed).spawn(3), strict=True
        )
    ]
    loss = optax.softmax_cross_entropy_with_integer_labels
    task = Task(heads.linear(10), loss, {'accuracy': metrics.accuracy()})
    return Dataset({'left': task, 'right': task}, *splits)


def _check(name: str, value: Any, known: Mapping[str, Any]) -> None:
    if value not in known:
        raise ValueError(f'{name} should be one of {list(known)}. Found {name} = {value!r}.')


def _folder(path, kind: str, name: str) -> Path:
    if path is None:
        return fetched_folder(_FETCHED[name])
    if isinstance(path, Mapping):
        if name not in path:
            raise ValueError(
                f'path should hold a folder for {name!r}. Found {dict(path)}. '
                f'Add it: {{{name!r}: folder}}.'
            )
        return as_path(path[name])
    if kind == 'both':
        raise ValueError(
            "path should be {'mnist': folder, 'fashion': folder} or None for kind='both'. "
            f'Found path = {str(path)!r}. Give one folder for each kind of image.'
        )
    return as_path(path)


def _source(name: str, folder: Path, seed: int) -> dict[str, Pool]:
    """Read the originals of each split."""
    whole, test = (_pool(folder, part, _FETCHED[name]) for part in ('train', 't10k'))
    if len(whole.labels) < 2:
        raise ValueError(
            f'{folder} should hold two training images or more, one of them for validation. '
            f'Found {len(whole.labels)}. Use the original files.'
        )
    order = np.random.default_rng(seed).permutation(len(whole.labels))
    held = max(len(order) // 10, 1)
    return {'train': whole.part(order[held:]), 'validation': whole.part(order[:held]), 'test': test}


def _pool(folder: Path, part: str, fetch: str) -> Pool:
    source = f'`python -m experiments.data fetch {fetch}` fetches them.'
    again = f'Fetch the files again: python -m experiments.data fetch {fetch}.'
    paths = [
        require(folder / f'{part}-{name}-ubyte', _LAYOUT, source)
        for name in ('images-idx3', 'labels-idx1')
    ]
    pool = Pool(read_idx(paths[0], 3), read_idx(paths[1], 1))
    if pool.images.shape[1:] != (SIDE, SIDE):
        raise ValueError(
            f'{paths[0]} should hold images of 28x28. Found {pool.images.shape[1:]}. {again}'
        )
    if len(pool.images) != len(pool.labels):
        raise ValueError(
            f'{paths[1]} should hold one label for each of {len(pool.images)} images. '
            f'Found {len(pool.labels)}. {again}'
        )
    wrong = np.flatnonzero(pool.labels > 9)
    if len(wrong):
        raise ValueError(
            f'{paths[1]}, example {wrong[0]}: the label should be at most 9. '
            f'Found {pool.labels[wrong[0]]}. {again}'
        )
    return pool
