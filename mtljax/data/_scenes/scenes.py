"""Digits in a cluttered scene: their class, box, mask, depth, edges and motion."""

from collections.abc import Sequence

import numpy as np
import optax

from mtljax import answers, heads, losses, metrics
from mtljax.base import Dataset, Task
from mtljax.data._scenes.layout import draw_background, draw_digits, draw_motion, move
from mtljax.data._scenes.render import flow, render, targets
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.options import check_count, check_seed

_CHUNK = 250  # scenes at a time: few enough for the cache
_TASKS = ('class', 'box', 'mask', 'depth', 'edges')


def scenes(
    *,
    train: int = 8_000,
    validation: int = 1_000,
    test: int = 2_000,
    side: int = 48,
    motion: bool = False,
    tasks: Sequence[str] | None = None,
    seed: int = 0,
) -> Dataset:
    """Generated scenes: one to three handwritten digits in front of a wall, with up to six tasks.

    The digits are the 8x8 digits of scikit-learn, enlarged smoothly. They stand upright at
    different depths, and nearer digits are larger. The wall behind them is slanted. It has a
    texture, bars and pieces of digits. Light falls off with depth, and pixels have noise. Of the
    1,797 original digits, 60 percent belong to the training split, and 20 percent each to
    validation and test. The images are synthetic, and the targets are exact. Nothing is downloaded.

    Inputs are ``[B, side, side]`` in 0..1. With ``motion`` they are two frames,
    ``[B, side, side, 2]``. All targets belong to the first frame:

    - ``'class'`` ``[B]``: the class of the nearest digit, which no other digit covers.
    - ``'box'`` ``[B, 4]``: the tight box around the nearest digit: centre x, centre y, width and
      height, in units of the side.
    - ``'mask'`` ``[B, side, side]``, int8: 1 where any digit is visible.
    - ``'depth'`` ``[B, side, side]``: the depth of the visible surface. A digit of average height
      at depth 1 would fill 0.6 of the height of the image. Digits are at depths from 1 to 3.14, and
      the wall is at 3.2 to 11.2.
    - ``'edges'`` ``[B, side, side]``, int8: 1 where one of the four neighbours shows another
      surface (the wall, or another digit).
    - ``'motion'`` ``[B, side, side, 2]``: the motion of the visible surface from the first to the
      second frame, in pixels along x (to the right) and y (down). As the camera pans, the wall
      and all digits move by up to side / 32 along each axis. In addition, every digit moves by
      itself by up to side / 16 along each axis.

    Args:
      train: The number of training scenes.
      validation: The number of validation scenes.
      test: The number of test scenes.
      side: The side length of the image in pixels, at least 32.
      motion: Whether there is a second frame. The first frame does not depend on it.
      tasks: The names of the tasks, in their order. The default is all tasks, with ``'motion'``
        only if there is a second frame.
      seed: The random seed of the split and the scenes. On one machine, the same seed gives
        exactly the same data set. On another machine, the targets are the same, but the images may
        differ by rounding.

    Raises:
      ValueError: A size is out of range, there is no task, or a task is unknown or named twice. A
        ValueError is also raised if ``'motion'`` is among the tasks, but there is no second frame.

    >>> dataset = scenes(train=8, validation=2, test=2, tasks=('class', 'mask'))
    >>> dataset.train.example.inputs.shape, list(dataset.tasks)
    ((2, 48, 48), ['class', 'mask'])
    """
    for name, value in (('train', train), ('validation', validation), ('test', test)):
        check_count(name, value, 1)
    check_count('side', side, 32)
    check_seed('seed', seed)
    known = (*_TASKS, 'motion') if motion else _TASKS
    tasks = known if tasks is None else tuple(tasks)
    if not tasks or len(set(tasks)) < len(tasks) or not set(tasks) <= set(known):
        raise ValueError(
            f'tasks should be some of {known}, each once. '
            f'Found tasks = {tasks} with motion = {motion}.'
        )
    rng = np.random.default_rng(seed)
    splits = [
        _split(originals, size, side, motion, tasks, stream)
        for originals, size, stream in zip(
            _originals(rng), (train, validation, test), rng.spawn(3), strict=True
        )
    ]
    chosen = _tasks((side, side))
    return Dataset({name: chosen[name] for name in tasks}, *splits)


def _originals(rng):
    """The original digits in 0..1 and their labels, for each of the three splits."""
    from sklearn.datasets import load_digits  # slow to import

    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8).astype(np.float32) / 16
    order = rng.permutation(len(images))
    parts = np.split(order, [len(order) * 3 // 5, len(order) * 4 // 5])
    return [(images[part], labels[part]) for part in parts]


def _split(originals, size, side, motion, tasks, rng) -> ArraySplit:
    sizes = [min(_CHUNK, size - start) for start in range(0, size, _CHUNK)]
    chunks = [
        _chunk(originals, count, side, motion, tasks, stream)
        for count, stream in zip(sizes, rng.spawn(len(sizes)), strict=True)
    ]
    frames, found = zip(*chunks, strict=True)
    return array_split(
        np.concatenate(frames), {task: np.concatenate([y[task] for y in found]) for task in tasks}
    )


def _chunk(originals, size, side, motion, tasks, rng):
    still, noise, moving = rng.spawn(3)  # separate, so that motion does not change frame 1
    images, labels = originals
    digits = draw_digits(images, labels, size, side, still)
    background = draw_background(images, size, side, still)
    frame, surface = render(digits, background, side)
    found = targets(digits, background, surface)
    frames = [frame]
    if motion:
        vectors = draw_motion(size, side, moving)
        frames.append(render(*move(digits, background, vectors), side)[0])
        found['motion'] = flow(surface, vectors)
    frames = [np.clip(f + 0.02 * noise.standard_normal(f.shape, np.float32), 0, 1) for f in frames]
    inputs = np.stack(frames, axis=-1) if motion else frames[0]
    return inputs, {task: found[task] for task in tasks}


def _tasks(shape: tuple[int, int]) -> dict[str, Task]:
    binary = optax.sigmoid_binary_cross_entropy
    cross_entropy = optax.softmax_cross_entropy_with_integer_labels

    def pixels(size=None):
        return heads.pixel(size, shape, widths=(16,))

    return {
        'class': Task(
            heads.mlp((64,), 10, pool=True), cross_entropy, {'accuracy': metrics.accuracy()}
        ),
        'box': Task(heads.box((64,)), _box_loss, {'iou': metrics.box_iou()}, answer=answers.box()),
        'mask': Task(pixels(), binary, {'mean_iou': metrics.mean_iou(2)}, answer=answers.mask()),
        'depth': Task(pixels(), losses.absolute_error, {'mae': metrics.mae()}),
        'edges': Task(pixels(), binary, {'f1': metrics.f1()}),
        'motion': Task(pixels(2), losses.smooth_l1, {'endpoint_error': metrics.endpoint_error()}),
    }


def _box_loss(prediction, target):
    """The absolute errors, which have a gradient for distant boxes, plus the GIoU loss."""
    return losses.absolute_error(prediction, target).sum(-1) + losses.giou_loss(prediction, target)
