"""Objects in several domains, where every task has its own images."""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import optax

from mtljax import heads, metrics
from mtljax._shown import shown
from mtljax.base import Batch, Dataset, Task
from mtljax.data._reading.image_file import check_inside, check_present, read_image, read_list
from mtljax.data._reading.names import as_names, repeated
from mtljax.data._reading.paths import as_path
from mtljax.data._splits.file_split import FileSplit
from mtljax.options import check_count

_MOST_DIGITS = 5  # of a class number
_PARTS = ('train', 'val', 'test')
_SOURCE = (
    'The images are those of Office-31 or Office-Home (https://www.hemanthdv.org); lists of 60, 20 '
    'and 20 percent come with LibMTL, examples/office/data_txt.'
)

_List = list[tuple[Path, int]]
"""Images and their labels."""


def office(
    path: str | Path,
    *,
    domains: Sequence[str] = ('amazon', 'dslr', 'webcam'),
    lists: str | Path | None = None,
    size: int = 224,
) -> Dataset:
    """Office-31 or Office-Home: one task for each domain, and each task has its own images.

    Office-31 was published by Saenko, Kulis, Fritz & Darrell, ECCV 2010, and Office-Home by
    Venkateswara et al., CVPR 2017, https://arxiv.org/abs/1706.07522. The domains of Office-Home are
    ``('Art', 'Clipart', 'Product', 'Real_World')``.

    Images are read when they are needed, which requires Pillow. Every domain has three lists of
    images, ``DOMAIN_train.txt``, ``DOMAIN_val.txt`` and ``DOMAIN_test.txt``. A line of a list, such
    as ``images/desk.jpg 3``, is the path of an image and its label. Labels are class numbers that
    start from 0.

    Inputs are ``{domain: [B, size, size, 3]}`` in 0..1, resized by bilinear interpolation. The
    function `sharing.multi_input` makes a model for such inputs. Targets are class numbers,
    ``{domain: [B]}``. All domains have the same classes. The number of classes is the largest label
    in the training lists plus 1.

    Example i holds image i of every domain. A split has as many examples as its largest domain has
    images. In training, the images of smaller domains are repeated to fill up an epoch. In
    validation and test, every image counts once: smaller domains are filled up with black images,
    which have no label.

    Args:
      path: The folder with the images. The paths in the lists are relative to this folder.
      domains: The names of the domains, in the order of the tasks. A single string is one domain.
      lists: The folder with the lists. By default it is ``path``.
      size: The side length of the resized images in pixels.

    Raises:
      FileNotFoundError: A list is missing, or an image in a list is missing.
      ValueError: An option is out of range, or a line of a list does not hold a path inside the
        folder of the images and a label. In the second case, the error names the list and the line.
        A ValueError is also raised if a validation or test list holds a label that is larger than
        all training labels. When an image is read, a ValueError is raised if its file is damaged or
        is not an image.

    >>> office('nowhere', domains=('Art',))
    Traceback (most recent call last):
    FileNotFoundError: nowhere/Art_train.txt is missing. Expected:
    Art_train.txt
    Art_val.txt
    Art_test.txt
    ...
    """
    check_count('size', size, 1)
    domains, root = as_names(domains), as_path(path)
    if not domains or repeated(domains):
        raise ValueError(f'domains should be different names, one at least. Found {domains}.')
    folder = root if lists is None else as_path(lists)
    layout = '\n'.join(f'{domain}_{part}.txt' for domain in domains for part in _PARTS)
    listed = {
        part: {d: _read_list(folder / f'{d}_{part}.txt', root, layout) for d in domains}
        for part in _PARTS
    }
    classes = 1 + max(label for images in listed['train'].values() for _, label in images)
    for part in _PARTS[1:]:
        for domain, images in listed[part].items():
            _check_labels(folder / f'{domain}_{part}.txt', images, classes)
    splits = [_split(listed[part], size, repeat=part == 'train') for part in _PARTS]
    loss = optax.softmax_cross_entropy_with_integer_labels
    task = Task(heads.linear(classes, pool=True), loss, {'accuracy': metrics.accuracy()})
    return Dataset(dict.fromkeys(domains, task), *splits, per_task_inputs=True)


def _read_list(path: Path, root: Path, layout: str) -> _List:
    images = []
    for number, (*name, label) in read_list(path, layout, _SOURCE):
        if not name or not label.isdecimal() or len(label) > _MOST_DIGITS:
            found = shown(' '.join([*name, label]))
            raise ValueError(
                f'{path}, line {number}: the line should hold a path and a label from 0 to '
                f'{10**_MOST_DIGITS - 1}. Found {found}. Write lines such as "images/desk.jpg 3".'
            )
        check_inside(path, number, ' '.join(name))
        images.append((root / ' '.join(name), int(label)))
    check_present(path, [image for image, _ in images])
    return images


def _check_labels(path: Path, images: _List, classes: int) -> None:
    for image, label in images:
        if label >= classes:
            raise ValueError(
                f'{path} should hold labels up to {classes - 1}, as the training lists do. '
                f'Found {label} for {image}. Add images of this class to a training list.'
            )


def _split(images: dict[str, _List], size: int, *, repeat: bool) -> FileSplit:
    longest = max(len(listed) for listed in images.values())
    read = functools.partial(_read, images, size, repeat)
    return FileSplit(read, np.arange(longest))


def _read(images: dict[str, _List], size: int, repeat: bool, row: int) -> Batch:
    inputs, targets, mask = {}, {}, {}
    for domain, listed in images.items():
        mask[domain] = np.bool_(repeat or row < len(listed))
        image, label = listed[row % len(listed)]
        black = np.zeros((size, size, 3), np.float32)
        inputs[domain] = read_image(image, size) if mask[domain] else black
        targets[domain] = np.int32(label if mask[domain] else 0)
    return Batch(inputs, targets, mask)
