"""Digits in a cluttered scene: a class, a box, a mask, depth, edges and motion."""

from collections.abc import Sequence

import numpy as np
import optax

from mtljax import heads, losses, metrics
from mtljax.base import Dataset, Task
from mtljax.data._scenes.layout import draw_background, draw_digits, draw_motion, move
from mtljax.data._scenes.render import flow, render, targets
from mtljax.data._splits.array_split import ArraySplit, array_split
from mtljax.options import check_count

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
    """Generate scenes of one to three handwritten digits in front of a wall.

    scikit-learn's 8x8 digits, smoothly enlarged, stand upright at different depths, the nearer the
    larger; behind them is a slanted wall with a texture, bars and pieces of digits. Light falls off
    with depth, and pixels have noise. Each split has its own originals (60, 20 and 20 percent of
    1,797). The images are synthetic, the targets exact; nothing is downloaded.

    Inputs ``[B, side, side]`` in 0..1, with ``motion`` ``[B, side, side, 2]``: two frames.
    Targets, all of the first frame:

    - ``'class'`` ``[B]``: of the nearest digit, which nothing covers.
    - ``'box'`` ``[B, 4]``: its tight box: centre x, centre y, width, height, in units of the side.
    - ``'mask'`` ``[B, side, side]``, int8: 1 where any digit is seen.
    - ``'depth'`` ``[B, side, side]``: of the visible surface. A digit of average height at depth 1
      would fill 0.6 of the image; digits lie at 1 to 3.14, the wall at 3.2 to 11.2.
    - ``'edges'`` ``[B, side, side]``, int8: 1 where one of the four neighbours shows another
      surface (the wall, or another digit).
    - ``'motion'`` ``[B, side, side, 2]``: the motion of the visible surface until the second frame,
      in pixels along x (to the right) and y (down): the wall up to side / 32 each way, as the
      camera pans, and every digit up to side / 16 more.

    Args:
      train: The number of training scenes.
      validation: The number of validation scenes.
      test: The number of test scenes.
      side: The side of the image in pixels, at least 32.
      motion: Whether there is a second frame; the first frame does not change.
      tasks: The names of the tasks, in their order; by default all, and ``'motion'`` only with a
        second frame.
      seed: The seed of the split and the scenes. The same seed gives the same bits on one machine,
        and the same targets on every machine.

    Raises:
      ValueError: A size is out of range, there is no task, a task is unknown or named twice, or
        ``'motion'`` is asked for without a second frame.

    >>> dataset = scenes(train=8, validation=2, test=2, tasks=('class', 'mask'))
    >>> dataset.train.example.inputs.shape, list(dataset.tasks)
    ((2, 48, 48), ['class', 'mask'])
    """
    for name, value in (('train', train), ('validation', validation), ('test', test)):
        check_count(name, value, 1)
    check_count('side', side, 32)
    check_count('seed', seed, 0)
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
    """Return images in 0..1 and labels of the train, validation and test originals."""
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
        'box': Task(heads.box((64,)), _box_loss, {'iou': metrics.box_iou()}),
        'mask': Task(pixels(), binary, {'mean_iou': metrics.mean_iou(2)}),
        'depth': Task(pixels(), losses.absolute_error, {'mae': metrics.mae()}),
        'edges': Task(pixels(), binary, {'f1': metrics.f1()}),
        'motion': Task(pixels(2), losses.smooth_l1, {'endpoint_error': metrics.endpoint_error()}),
    }


def _box_loss(prediction, target):
    """Add absolute errors, which have a gradient for distant boxes, and GIoU, the metric."""
    return losses.absolute_error(prediction, target).sum(-1) + losses.giou_loss(prediction, target)
