"""The splits and the tasks of folders of scenes."""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import optax

from mtljax import answers, heads, losses, metrics
from mtljax.base import Dataset, Task
from mtljax.data._dense_folder.files import find_scenes, read_scene, shape_of
from mtljax.data._reading.paths import as_path
from mtljax.data._splits.file_split import FileSplit
from mtljax.options import check_option, check_seed

_LEAST_SQUARE = 1e-8  # of the length of a normal: shorter ones have a bounded gradient
_BOUNDS = (11.25, 22.5, 30)  # degrees


def scene_folder(
    path: str | Path,
    kinds: Sequence[tuple[str, ...]],
    classes: int,
    layout: str,
    source: str,
    *,
    validation: float,
    seed: int,
) -> Dataset:
    """Make a data set from ``ROOT/train``, for training and validation, and ``ROOT/val``, for test.

    Args:
      path: The folder ROOT.
      kinds: See `find_scenes`.
      classes: The number of classes of the segmentation.
      layout: See `require`.
      source: See `require`.
      validation: The share of ``train`` for the validation split.
      seed: The random seed that chooses the validation scenes.

    Raises:
      FileNotFoundError: A folder or file is missing.
      ValueError: An option is out of range, or a file does not hold what its name says.
    """
    check_option('validation', validation, 'a share in (0, 1)', lambda found: 0 < found < 1)
    check_seed('seed', seed)
    train, test = (
        find_scenes(as_path(path) / part, kinds, layout, source) for part in ('train', 'val')
    )
    held = round(validation * train.size)
    if not 0 < held < train.size:
        raise ValueError(
            f'Training and validation should have at least one scene each. Found {train.size} '
            f'scenes and validation = {validation}. Change validation.'
        )
    shape = shape_of(train)
    order = np.random.default_rng(seed).permutation(train.size)
    parts = [(train, order[held:]), (train, order[:held]), (test, np.arange(test.size))]
    splits = [
        FileSplit(functools.partial(read_scene, scenes, shape, classes), np.sort(rows))
        for scenes, rows in parts
    ]
    return Dataset(_tasks(shape, classes, 'normal' in train.folders), *splits)


def _tasks(shape: tuple[int, int], classes: int, normals: bool) -> dict[str, Task]:
    tasks = {
        'segmentation': Task(
            heads.pixel(classes, shape),
            optax.softmax_cross_entropy_with_integer_labels,
            {'mean_iou': metrics.mean_iou(classes), 'pixel_accuracy': metrics.accuracy()},
            answer=answers.mask(),
        ),
        'depth': Task(
            heads.pixel(None, shape),
            losses.absolute_error,
            {'mae': metrics.mae(), 'relative_error': metrics.relative_error()},
        ),
    }
    if normals:
        angles = {kind: metrics.angle_error(kind) for kind in ('mean', 'median')}
        angles |= {f'within_{bound}': metrics.angle_within(bound) for bound in _BOUNDS}
        loss = functools.partial(optax.cosine_distance, epsilon=_LEAST_SQUARE)
        tasks['normal'] = Task(heads.pixel(3, shape), loss, angles)
    return tasks
