"""Image files, and the lists that name them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mtljax._shown import shown
from mtljax.data._reading.open import read_lines
from mtljax.data._reading.paths import require

_MOST_PIXELS = 80_000_000  # Pillow warns from 89 million on


def read_image(path: Path, size: int) -> np.ndarray:
    """Read a JPEG or PNG, resized to a square (bilinear): ``[size, size, 3]``, float32 in 0..1.

    Raises:
      ValueError: The file is cut short, or no image. The error names the file.
    """
    from PIL import Image  # slow to import

    try:
        with Image.open(path, formats=('JPEG', 'PNG')) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ValueError(f'{image.width} x {image.height} pixels')
            if image.mode == 'P' and 'transparency' in image.info:
                image = image.convert('RGBA')  # Pillow warns without this step
            pixels = image.convert('RGB').resize((size, size), Image.Resampling.BILINEAR)
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged file raises one of many kinds
        raise ValueError(
            f'{path} should be a whole JPEG or PNG of {_MOST_PIXELS:,} pixels at most. '
            f'Found: {error!s:.200}.'
        ) from error
    return np.asarray(pixels, np.float32) / 255


def read_list(path: Path, layout: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of a list, gzipped or not: their numbers and the fields between blanks.

    Args:
      path: The list.
      layout: See `require`.
      source: See `require`.

    Raises:
      FileNotFoundError: The list is missing.
      ValueError: The list is empty, or not text. The error names the file.
    """
    path, empty = require(path, layout, source), True
    for number, line in enumerate(read_lines(path), 1):
        if line.strip():
            empty = False
            yield number, line.split()
    if empty:
        raise ValueError(f'{path} should list images. Found an empty file.')


def check_inside(path: Path, number: int, name: str) -> None:
    """Refuse the name of a file outside its folder.

    Args:
      path: The list.
      number: The number of its line.
      name: The name of the file.

    Raises:
      ValueError: The name is absolute, or contains ``..``. The error names the list and the line.

    >>> check_inside(Path('list.txt'), 3, '../a.jpg')
    Traceback (most recent call last):
    ValueError: list.txt, line 3: the path should lie inside the folder of images. Found '../a.jpg'.
    """
    if Path(name).is_absolute() or '..' in Path(name).parts:
        raise ValueError(
            f'{path}, line {number}: the path should lie inside the folder of images. '
            f'Found {shown(name)}.'
        )


def check_present(source: Path, paths: Sequence[Path]) -> None:
    """Check that the images of a list exist.

    Args:
      source: The list.
      paths: The paths of its images.

    Raises:
      FileNotFoundError: Images are missing. The error names the first.
    """
    present = {path for folder in {path.parent for path in paths} for path in _files(folder)}
    missing = [path for path in paths if path not in present]
    if missing:
        raise FileNotFoundError(
            f'{source} should name existing images. Found that {len(missing)} of {len(paths)} are '
            f'missing. The first is {missing[0]}.'
        )


def _files(folder: Path):
    return folder.iterdir() if folder.is_dir() else ()
