"""Pooling without overlap."""

from mtljax.base import Array


def max_pool(x: Array, size: int = 2) -> Array:
    """The largest entry of each ``size x size`` window, ``[B, H, W, C] -> [B, H/size, W/size, C]``.

    It is a reshape and a maximum. Unlike `flax.linen.max_pool`, its backward pass needs no scatter.
    Rows and columns at the end that fill no window are left out.

    >>> import jax.numpy as jnp
    >>> max_pool(jnp.arange(20.0).reshape(1, 4, 5, 1))[0, :, :, 0].tolist()
    [[6.0, 8.0], [16.0, 18.0]]
    """
    batch, height, width, channels = x.shape
    rows, columns = height // size, width // size
    whole = x[:, : rows * size, : columns * size]
    return whole.reshape(batch, rows, size, columns, size, channels).max(axis=(2, 4))
