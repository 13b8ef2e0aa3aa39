"""The pixels of scenes, and the targets that follow from the surface at every pixel."""

import numpy as np

from mtljax.data._scenes.layout import DIGITS, Background, Digits


def render(digits: Digits, background: Background, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Images in 0..1 and the visible surfaces, ``[N, side, side]`` each.

    A surface is 0 for the wall and ``k + 1`` for digit ``k``. It is the nearest one whose ink
    covers at least half of the pixel. Digits are painted from far to near.
    """
    image = _wall(background, side) * _light(wall_depth(background, side))
    surface = np.zeros(image.shape, np.int8)
    for k in range(DIGITS):
        cover = _cover(_sample(digits.ink[:, k], digits.centre[:, k], digits.pitch[:, k], side))
        cover = cover * digits.present[:, k, None, None]
        tone = digits.reflectance[:, k] * _light(digits.depth[:, k])
        image += cover * (tone.astype(np.float32)[:, None, None] - image)
        surface[cover >= 0.5] = k + 1
    return image, surface


def wall_depth(background: Background, side: int) -> np.ndarray:
    """The depth of the wall. Its inverse is an affine function of the coordinates of the image."""
    x, y = _coordinates(background, side)
    at, along_x, along_y = background.plane.astype(np.float32).T[..., None, None]
    return 1 / (at + along_x * x + along_y * y)


def targets(digits: Digits, background: Background, surface: np.ndarray) -> dict[str, np.ndarray]:
    """All targets of a single frame, which follow exactly from the visible surfaces."""
    wall = wall_depth(background, surface.shape[1])
    layers = digits.depth.astype(np.float32)[_rows(surface), np.maximum(surface - 1, 0)]
    return {
        'class': digits.label[:, -1].astype(np.int32),
        'box': boxes(surface == DIGITS),
        'mask': (surface > 0).astype(np.int8),
        'depth': np.where(surface > 0, layers, wall),
        'edges': edges(surface),
    }


def flow(surface: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """The motion of the surface that each pixel shows, ``[N, H, W, 2]``."""
    return motion.astype(np.float32)[_rows(surface), surface]


def boxes(inside: np.ndarray) -> np.ndarray:
    """The tight box of each mask ``[N, H, W]``: centre x, centre y, width, height in 0..1."""
    sides = []
    for axis in (1, 2):  # any() over rows leaves x, any() over columns leaves y
        line = np.any(inside, axis=axis)
        size = line.shape[1]
        sides.append((line.argmax(1) / size, 1 - line[:, ::-1].argmax(1) / size))
    (left, right), (top, bottom) = sides
    box = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
    return np.stack(box, axis=1).astype(np.float32)


def edges(surface: np.ndarray) -> np.ndarray:
    """Mark with 1 each pixel that has one of four neighbours with another surface."""
    differs = np.zeros(surface.shape, bool)
    across = surface[:, :, 1:] != surface[:, :, :-1]
    down = surface[:, 1:] != surface[:, :-1]
    differs[:, :, 1:] |= across
    differs[:, :, :-1] |= across
    differs[:, 1:] |= down
    differs[:, :-1] |= down
    return differs.astype(np.int8)


def _rows(surface):
    return np.arange(len(surface))[:, None, None]


def _light(depth):
    """The light on a surface, which depends on its depth. Nothing else shows that of the wall."""
    return depth**-0.5


def _cover(ink):
    """Return the opacity of ink; it is one half where the ink is one half."""
    return np.clip(4 * ink - 1.5, 0, 1)


def _wall(background, side):
    """The reflectance of the wall, ``[N, side, side]``."""
    x, y = _coordinates(background, side)
    coarse = np.full(len(x), side / 8)
    wall = _sample(background.texture, background.centre, coarse, side)
    for k in range(background.bars.shape[1]):
        across, along, offset, width, contrast = (
            background.bars[:, k].astype(np.float32).T[..., None, None]
        )
        wall += contrast * np.exp(-(((across * x + along * y - offset) / width) ** 2))
    for k in range(background.places.shape[1]):
        place = background.centre + background.places[:, k]
        wall += _sample(background.fragments[:, k], place, background.pitch[:, k], side)
    return np.clip(wall, 0.05, 0.8)


def _coordinates(background, side):
    """The coordinates of the pixels relative to the centre of the wall.

    They are x ``[N, 1, side]`` and y ``[N, side, 1]``.
    """
    at = np.arange(side, dtype=np.float32) + 0.5
    x, y = background.centre.astype(np.float32).T[..., None]
    return (at - x)[:, None], (at - y)[..., None]


def _sample(images, centre, pitch, side):
    """Small images ``[N, h, w]`` around ``centre`` ``[N, 2]``, interpolated smoothly; 0 outside."""
    count = images.shape[1:]
    across, down = (_spline(centre[:, axis], pitch, count[1 - axis], side) for axis in (0, 1))
    return down @ images.astype(np.float32) @ across.swapaxes(1, 2)


def _spline(centre, pitch, count, side):
    """The weight of each sample in each pixel, by quadratic B-splines, ``[N, side, count]``."""
    at = (np.arange(side) + 0.5 - centre[:, None]) / pitch[:, None] + (count - 1) / 2
    distance = np.abs(at[..., None] - np.arange(count)).astype(np.float32)
    near, far = 0.75 - distance**2, 0.5 * np.maximum(1.5 - distance, 0) ** 2
    return np.where(distance < 0.5, near, far)
