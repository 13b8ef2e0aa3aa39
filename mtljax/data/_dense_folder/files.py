"""Arrays of scenes, with one file per scene and kind. The name of a file is a number."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtljax.base import Batch
from mtljax.data._reading.npy import read_npy
from mtljax.data._reading.paths import require

_NAMED = 5  # missing files in an error


class SceneFolder(NamedTuple):
    """A folder of scenes, ``KIND/{0, 1, ...}.npy``.

    Attributes:
      folders: The folder of each kind: image, label, depth and, in some data, normal.
      size: The number of scenes.
    """

    folders: dict[str, Path]
    size: int


def find_scenes(
    root: Path, kinds: Sequence[tuple[str, ...]], layout: str, source: str
) -> SceneFolder:
    """Find the files of a split without opening them.

    Args:
      root: The folder of the split, such as ``ROOT/train``.
      kinds: For each kind, the names that its folder may have; the first names the kind.
      layout: See `require`.
      source: See `require`.

    Raises:
      FileNotFoundError: A folder, or the file of a number, is missing.
      ValueError: A folder is empty, or a file has another name.
    """
    folders = {
        names[0]: next((root / name for name in names[1:] if (root / name).is_dir()), None)
        or require(root / names[0], layout, source)
        for names in kinds
    }
    numbers = {kind: _numbers(folder) for kind, folder in folders.items()}
    size = 1 + max(max(known) for known in numbers.values())
    for kind, known in numbers.items():
        if len(known) < size:  # the largest number may be huge, so only a few are named
            upto = min(size, len(known) + _NAMED)
            lacking = [number for number in range(upto) if number not in known][:_NAMED]
            raise FileNotFoundError(
                f'{folders[kind]} should hold 0.npy to {size - 1}.npy. Found that '
                f'{size - len(known)} are missing: {", ".join(f"{n}.npy" for n in lacking)}.'
            )
    return SceneFolder(folders, size)


def _numbers(folder: Path) -> set[int]:
    files = sorted(path for path in folder.iterdir() if not path.name.startswith('.'))
    if not files:
        raise ValueError(f'{folder} should hold 0.npy, 1.npy, ... Found an empty folder.')
    for path in files:
        number = path.stem
        if path.suffix != '.npy' or not number.isdecimal() or number != str(int(number)):
            raise ValueError(
                f'{path} should have the name of a number, such as 0.npy. '
                f'Found {path.name!r}. Rename it, or remove it.'
            )
    return {int(path.stem) for path in files}


def read_scene(scenes: SceneFolder, shape: tuple[int, int], classes: int, index: int) -> Batch:
    """Read one scene: the image, its targets and its masks.

    Args:
      scenes: The folder of the scenes.
      shape: The height and width that every file should have.
      classes: The number of classes.
      index: The number of the scene.

    Raises:
      ValueError: A file does not hold such an array. The error names the file.
    """
    paths = {kind: folder / f'{index}.npy' for kind, folder in scenes.folders.items()}
    label = _labels(paths['label'], shape, classes)
    depth = _floats(paths['depth'], (*shape, 1))[..., 0]
    if (depth < 0).any():
        raise ValueError(f'{paths["depth"]} should hold numbers >= 0. Found {depth.min()}.')
    targets = {'segmentation': np.maximum(label, 0), 'depth': depth}
    mask = {'segmentation': label >= 0, 'depth': depth != 0}
    if 'normal' in paths:
        targets['normal'] = _floats(paths['normal'], (*shape, 3))
        mask['normal'] = targets['normal'].any(axis=-1)
    return Batch(_floats(paths['image'], (*shape, 3)), targets, mask)


def shape_of(scenes: SceneFolder) -> tuple[int, int]:
    """Return height and width of the first image."""
    path = scenes.folders['image'] / '0.npy'
    shape = read_npy(path).shape
    if len(shape) != 3 or shape[2] != 3 or not all(shape):
        raise ValueError(f'{path} should be an image (height, width, 3). Found {shape}.')
    return shape[:2]


def _floats(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    array = _checked(path, shape, 'f', 'floats')
    if not np.isfinite(array).all():
        raise ValueError(f'{path} should hold finite numbers. Found one that is not finite.')
    with np.errstate(over='ignore'):
        narrow = array.astype(np.float32, copy=False)
    if not np.isfinite(narrow).all():
        raise ValueError(f'{path} should hold numbers that fit float32. Found a larger one.')
    return narrow


def _labels(path: Path, shape: tuple[int, int], classes: int) -> np.ndarray:
    array = _checked(path, shape, 'iuf', 'class indices')
    bad = ~(array < classes) | (array != np.rint(array))
    if bad.any():
        raise ValueError(
            f'{path} should hold classes 0 to {classes - 1}, or less than 0 for no label. '
            f'Found {array[bad][0]}.'
        )
    return np.maximum(array, -1).astype(np.int32)


def _checked(path: Path, shape: tuple[int, ...], kinds: str, what: str) -> np.ndarray:
    array = read_npy(path)
    if array.dtype.kind not in kinds or array.shape != shape:
        raise ValueError(
            f'{path} should hold {what} of shape {shape}. Found {array.dtype}{list(array.shape)}.'
        )
    return array
