"""Faces and forty of their attributes."""

import functools
from pathlib import Path

import numpy as np
import optax

from mtljax import heads, metrics
from mtljax._shown import shown
from mtljax.base import Batch, Dataset, Task
from mtljax.data._reading.image_file import check_inside, check_present, read_image, read_list
from mtljax.data._reading.paths import as_path, require
from mtljax.data._splits.file_split import FileSplit
from mtljax.options import check_count

_ATTRIBUTES, _PARTITION = 'Anno/list_attr_celeba.txt', 'Eval/list_eval_partition.txt'
_FOLDERS = {'jpg': 'Img/img_align_celeba', 'png': 'Img/img_align_celeba_png'}
_MOST_DIGITS = 9  # of the number of images
_LAYOUT = f'{_ATTRIBUTES}\n{_PARTITION}\n{_FOLDERS["jpg"]}/*.jpg or {_FOLDERS["png"]}/*.png'
_SOURCE = 'CelebA is at https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html (aligned images).'
_AGAIN = f'Use the original file. {_SOURCE}'


def celeba(path: str | Path, *, size: int = 64) -> Dataset:
    """CelebA: images of faces, with forty binary tasks, one for each attribute.

    The data set was published by Liu, Luo, Wang & Tang, ICCV 2015, https://arxiv.org/abs/1411.7766.
    Images are read and resized when they are needed, which requires Pillow. The folder should hold:

    - ``Anno/list_attr_celeba.txt``: the number of images, then the names of the attributes, then
      one line per image with its file name and 1 or -1 for every attribute.
    - ``Eval/list_eval_partition.txt``: one line per image with its file name and 0 (training), 1
      (validation) or 2 (test).
    - ``Img/img_align_celeba/*.jpg`` or ``Img/img_align_celeba_png/*.png``: the images.

    The splits are the official ones, with 162,770, 19,867 and 19,962 images. Inputs are
    ``[B, size, size, 3]`` in 0..1: the whole aligned images, resized by bilinear interpolation.
    Targets are ``[B]``: 1 if the face has the attribute, and 0 if not.

    Args:
      path: The folder with ``Anno``, ``Eval`` and ``Img``.
      size: The side length of the resized images in pixels.

    Raises:
      FileNotFoundError: One of the two lists is missing, or an image in a list is missing.
      ValueError: The size is below 1, a list is incomplete, or a list has unexpected content. In
        the last case, the error names the file and the line. When an image is read, a ValueError is
        raised if its file is damaged or is not an image.

    >>> celeba('nowhere')
    Traceback (most recent call last):
    FileNotFoundError: nowhere/Anno/list_attr_celeba.txt is missing. Expected:
    Anno/list_attr_celeba.txt
    ...
    """
    check_count('size', size, 1)
    root = as_path(path)
    names, tasks, labels = _attributes(root / _ATTRIBUTES)
    parts = _partition(root / _PARTITION, names)
    kind = 'png' if (root / _FOLDERS['png']).is_dir() else 'jpg'
    folder = require(root / _FOLDERS[kind], _LAYOUT, _SOURCE)
    images = [folder / f'{Path(name).stem}.{kind}' for name in names]
    check_present(root / _ATTRIBUTES, images)
    read = functools.partial(_read, images, labels, tasks, size)
    splits = [FileSplit(read, np.flatnonzero(parts == part)) for part in range(3)]
    scores = {'f1': metrics.f1(), 'accuracy': metrics.binary_accuracy()}
    task = Task(heads.linear(pool=True), optax.sigmoid_binary_cross_entropy, scores)
    return Dataset(dict.fromkeys(tasks, task), *splits)


def _attributes(path: Path) -> tuple[list[str], list[str], np.ndarray]:
    """Read the names of the images and the attributes, and the labels ``[N, attributes]``."""
    lines = read_list(path, _LAYOUT, _SOURCE)
    (_, first), (_, tasks) = next(lines), next(lines, (2, []))
    if (
        len(first) != 1
        or not first[0].isdecimal()
        or len(first[0]) > _MOST_DIGITS
        or not tasks
        or len(set(tasks)) < len(tasks)
    ):
        raise ValueError(
            f'{path} should begin with the number of images and a line of different attributes. '
            f'Found {shown(" ".join(first))} and {shown(" ".join(tasks))}. {_AGAIN}'
        )
    names, labels = [], []
    for number, (name, *values) in lines:
        if len(values) != len(tasks) or not set(values) <= {'1', '-1'}:
            raise ValueError(
                f'{path}, line {number}: the line should hold a file name and {len(tasks)} times 1 '
                f'or -1. Found {len(values)} values, {shown(sorted(set(values)))}. {_AGAIN}'
            )
        check_inside(path, number, name)
        names.append(name)
        labels.append(np.array([value == '1' for value in values], np.int8))
    if len(names) != int(first[0]):
        raise ValueError(f'{path} should list {first[0]} images. Found {len(names)}. {_AGAIN}')
    return names, tasks, np.stack(labels)


def _partition(path: Path, names: list[str]) -> np.ndarray:
    """Read the split of each image: 0, 1 or 2."""
    parts = {}
    for number, line in read_list(path, _LAYOUT, _SOURCE):
        if len(line) != 2 or line[1] not in ('0', '1', '2') or line[0] in parts:
            raise ValueError(
                f'{path}, line {number}: the line should hold a file name that occurs once, and '
                f'0, 1 or 2. Found {shown(" ".join(line))}. {_AGAIN}'
            )
        parts[line[0]] = int(line[1])
    if set(parts) != set(names):
        raise ValueError(
            f'{path} should name the {len(names)} images of {_ATTRIBUTES}. Found {len(parts)} '
            f'names, and {len(set(names) - set(parts))} of the images are not among them. {_AGAIN}'
        )
    if len(set(parts.values())) < 3:
        raise ValueError(
            f'{path} should hold 0, 1 and 2, so that no split is empty. '
            f'Found {sorted(set(parts.values()))}. {_AGAIN}'
        )
    return np.array([parts[name] for name in names])


def _read(images, labels, tasks, size: int, row: int) -> Batch:
    targets = dict(zip(tasks, labels[row].astype(np.int32), strict=True))
    return Batch(read_image(images[row], size), targets, dict.fromkeys(tasks, np.bool_(True)))
