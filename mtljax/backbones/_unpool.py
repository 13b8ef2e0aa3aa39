"""Max pooling that also returns the positions of the maxima, and its inverse."""

import jax.numpy as jnp

from mtljax.base import Array


def pool_with_places(x: Array) -> tuple[Array, Array]:
    """The maxima of 2x2 windows, and their positions in the windows.

    Both results are ``[B, H/2, W/2, C]`` for an input ``[B, H, W, C]``. A position is an integer
    from 0 to 3, row by row. Of several equal maxima the first one counts. The gradient goes to the
    position of the maximum.

    >>> maxima, places = pool_with_places(jnp.array([[1.0, 5.0], [5.0, 0.0]]).reshape(1, 2, 2, 1))
    >>> maxima.item(), places.item()
    (5.0, 1)
    """
    batch, height, width, channels = x.shape
    windows = x.reshape(batch, height // 2, 2, width // 2, 2, channels).swapaxes(2, 3)
    windows = windows.reshape(batch, height // 2, width // 2, 4, channels)
    places = jnp.argmax(windows, axis=3).astype(jnp.uint8)
    return jnp.where(_chosen(places), windows, 0).sum(axis=3), places


def unpool(x: Array, places: Array) -> Array:
    """Put every entry at its position in a 2x2 window of zeros.

    The result is ``[B, 2h, 2w, C]`` for an input ``[B, h, w, C]``.

    >>> x, places = jnp.full((1, 1, 1, 1), 7.0), jnp.full((1, 1, 1, 1), 2)
    >>> unpool(x, places)[0, :, :, 0].tolist()
    [[0.0, 0.0], [7.0, 0.0]]
    """
    batch, height, width, channels = x.shape
    windows = jnp.where(_chosen(places), x[:, :, :, None], 0)
    windows = windows.reshape(batch, height, width, 2, 2, channels).swapaxes(2, 3)
    return windows.reshape(batch, 2 * height, 2 * width, channels)


def _chosen(places: Array) -> Array:
    return places[:, :, :, None] == jnp.arange(4, dtype=places.dtype).reshape(1, 1, 1, 4, 1)
