"""Photographs in files, and the lists that name them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mtljax.data._reading.files import require
from mtljax.data._reading.open import read_lines


def read_image(path: Path, size: int) -> np.ndarray:
    """A JPEG or PNG, resized to a square (bilinear), ``[size, size, 3]``, float32 in 0..1.

    Raises:
      ValueError: it is cut short, or no image; it names the file.
    """
    from PIL import Image  # slow to import

    try:
        with Image.open(path) as image:
            pixels = image.convert('RGB').resize((size, size), Image.Resampling.BILINEAR)
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError) as error:  # the latter is what a broken PNG raises
        raise ValueError(f'{path} is no whole image: {error}') from error
    return np.asarray(pixels, np.float32) / 255


def read_list(path: Path, layout: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """The lines of a list, gzipped or not: their numbers and the fields between blanks.

    Args:
      path: of the list.
      layout: see `require`.
      source: see `require`.

    Raises:
      FileNotFoundError: the list is missing.
      ValueError: it is empty, or no text; it names the file.
    """
    path, found = require(path, layout, source), False
    for number, line in enumerate(read_lines(path), 1):
        if line.strip():
            found = True
            yield number, line.split()
    if not found:
        raise ValueError(f'{path} is empty: a list of images is expected.')


def check_inside(path: Path, number: int, name: str) -> None:
    """Refuse the name of a file that would lie outside its folder.

    Args:
      path: of the list.
      number: of its line.
      name: of the file.

    Raises:
      ValueError: an absolute name, or one with ``..``; it names list and line.

    >>> check_inside(Path('list.txt'), 3, '../a.jpg')
    Traceback (most recent call last):
    ValueError: list.txt, line 3: a path inside the folder of images is expected. Found '../a.jpg'.
    """
    if Path(name).is_absolute() or '..' in Path(name).parts:
        raise ValueError(
            f'{path}, line {number}: a path inside the folder of images is expected. '
            f'Found {name!r}.'
        )


def check_present(source: Path, paths: Sequence[Path]) -> None:
    """Raise a FileNotFoundError that names the first of the images a list names in vain.

    Args:
      source: the list.
      paths: of the images.
    """
    present = {path for folder in {path.parent for path in paths} for path in _files(folder)}
    missing = [path for path in paths if path not in present]
    if missing:
        raise FileNotFoundError(
            f'{source} names {len(missing)} of {len(paths)} images that are missing. The first is '
            f'{missing[0]}.'
        )


def _files(folder: Path):
    return folder.iterdir() if folder.is_dir() else ()
