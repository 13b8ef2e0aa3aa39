"""Preferences for the runs of a method, ``[R, 2]``, with one row per start."""

import numpy as np


def rays(*, num: int, repeat: int = 1) -> np.ndarray:
    """Return unit vectors that divide the positive quadrant, axes included, ``repeat`` times.

    >>> rays(num=3, repeat=2).round(3)[:4].tolist()
    [[1.0, 0.0], [0.707, 0.707], [0.0, 1.0], [1.0, 0.0]]
    """
    angles = np.linspace(0, np.pi / 2, num)
    return np.tile(np.stack([np.cos(angles), np.sin(angles)], axis=1).round(15), (repeat, 1))


def toward(*, rays: np.ndarray) -> np.ndarray:
    """Return weights for which the largest ``w_t L_t`` is least on a ray: the inverse of the ray.

    >>> toward(rays=np.array([[3.0, 1.0], [1.0, 0.0]])).tolist()
    [[0.25, 0.75], [0.0, 1.0]]
    """
    opposite = rays[:, ::-1]
    return opposite / opposite.sum(axis=1, keepdims=True)


def random_shares(*, num: int, seed: int) -> np.ndarray:
    """Return random weights ``(u, 1 - u)``.

    >>> random_shares(num=2, seed=0).sum(axis=1).tolist()
    [1.0, 1.0]
    """
    share = np.random.default_rng(seed).uniform(size=num)
    return np.stack([share, 1 - share], axis=1)
