"""The layout of a scene: everything that is drawn at random before any pixel is computed."""

from typing import NamedTuple

import numpy as np

DIGITS, _FRAGMENTS, _BARS = 3, 4, 2


class Digits(NamedTuple):
    """Up to three digits of each scene, from the farthest to the nearest.

    Attributes:
      ink: The original digits in 0..1, ``[N, 3, 8, 8]``.
      label: The classes, ``[N, 3]``.
      present: Whether a digit exists, ``[N, 3]``. The nearest always exists.
      centre: The centres in pixels, x and y, ``[N, 3, 2]``.
      pitch: The number of pixels of the canvas per pixel of the original, ``[N, 3]``.
      depth: The depths, ``[N, 3]``, in falling order.
      reflectance: The reflectances, ``[N, 3]``.
    """

    ink: np.ndarray
    label: np.ndarray
    present: np.ndarray
    centre: np.ndarray
    pitch: np.ndarray
    depth: np.ndarray
    reflectance: np.ndarray


class Background(NamedTuple):
    """A slanted wall with a texture. Bars and pieces of digits are painted on it.

    Attributes:
      centre: The centre of the wall in pixels, ``[N, 2]``. All values below are relative to it.
      plane: The inverse depth at the centre and its slopes per pixel along x and y, ``[N, 3]``.
      texture: The coarse reflectances, ``[N, 12, 12]``.
      fragments: The pieces of digits times their contrast, ``[N, 4, 4, 4]``.
      places: The positions of the pieces in pixels, ``[N, 4, 2]``.
      pitch: The number of pixels of the canvas per pixel of the original, ``[N, 4]``.
      bars: The unit normal (two numbers), the offset in pixels, the half width and the contrast,
        ``[N, 2, 5]``.
    """

    centre: np.ndarray
    plane: np.ndarray
    texture: np.ndarray
    fragments: np.ndarray
    places: np.ndarray
    pitch: np.ndarray
    bars: np.ndarray


def draw_digits(images, labels, size: int, side: int, rng: np.random.Generator) -> Digits:
    """Draw digits with their depths. A digit of average height at depth 1 fills 0.6 of the canvas.

    The nearest digit is at depth 1 to 1.6. Each further digit is 1.2 to 1.4 times as far as the one
    before it. The nearest digit is therefore nearly always the largest.
    """
    chosen = rng.integers(len(images), size=(size, DIGITS))
    present = np.arange(DIGITS) >= rng.integers(DIGITS, size=(size, 1))
    steps = rng.uniform(1.2, 1.4, (size, DIGITS))
    steps[:, -1] = rng.uniform(1, 1.6, size)
    depth = np.cumprod(steps[:, ::-1], axis=1)[:, ::-1]
    height = np.exp(rng.uniform(-0.1, 0.1, (size, DIGITS)))
    pitch = 0.6 * side * height / depth / 8
    margin = 4.5 * pitch[..., None]  # half an original and the softness of its border
    return Digits(
        images[chosen],
        labels[chosen],
        present,
        rng.uniform(margin, side - margin, (size, DIGITS, 2)),
        pitch,
        depth,
        rng.uniform(0.8, 1, (size, DIGITS)),
    )


def draw_background(images, size: int, side: int, rng: np.random.Generator) -> Background:
    """Draw a wall behind every digit. Its inverse depth is in 0.09..0.31 all over the canvas."""
    plane = rng.uniform([0.16, -0.035, -0.035], [0.24, 0.035, 0.035], (size, 3))
    albedo, contrast = rng.uniform([0.35, 0.05], [0.45, 0.25], (size, 2)).T[..., None, None]
    at = rng.integers(5, size=(2, size, _FRAGMENTS, 1, 1)) + np.arange(4)
    original = rng.integers(len(images), size=(size, _FRAGMENTS, 1, 1))
    pieces = images[original, at[0].swapaxes(-1, -2), at[1]]
    angle = rng.uniform(0, np.pi, (size, _BARS))
    shape = rng.uniform([-0.5, 0.01, -0.3], [0.5, 0.04, 0.3], (size, _BARS, 3))
    return Background(
        np.full((size, 2), side / 2),
        plane / [1, side / 2, side / 2],
        albedo + contrast * rng.uniform(-1, 1, (size, 12, 12)),
        pieces * rng.uniform(0.4, 0.9, (size, _FRAGMENTS, 1, 1)),
        rng.uniform(-side / 2, side / 2, (size, _FRAGMENTS, 2)),
        rng.uniform(0.025, 0.07, (size, _FRAGMENTS)) * side,
        np.concatenate(
            [np.cos(angle)[..., None], np.sin(angle)[..., None], shape * [side, side, 1]], -1
        ),
    )


def move(digits: Digits, background: Background, motion: np.ndarray) -> tuple[Digits, Background]:
    """The scene a moment later. ``motion`` ``[N, 4, 2]`` is that of the wall and of each digit."""
    return (
        digits._replace(centre=digits.centre + motion[:, 1:]),
        background._replace(centre=background.centre + motion[:, 0]),
    )


def draw_motion(size: int, side: int, rng: np.random.Generator) -> np.ndarray:
    """The motion of the wall and the digits in pixels along x and y, ``[N, 4, 2]``.

    The camera pans, and every digit also moves by itself.
    """
    camera = rng.uniform(-side / 32, side / 32, (size, 1, 2))
    own = rng.uniform(-side / 16, side / 16, (size, DIGITS, 2))
    return np.concatenate([camera, camera + own], axis=1)
