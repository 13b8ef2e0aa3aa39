"""The answer of a task that finds a box."""

import jax.numpy as jnp

from mtljax.base import Answer

_SIDES = ('centre x', 'centre y', 'width', 'height')


def box() -> Answer:
    """A box: centre x, centre y, width and height, as shares of the image.

    >>> box().apply(jnp.array([[0.5, 0.5, 0.25, 2.0]]))['box'].tolist()
    [[0.5, 0.5, 0.25, 1.0]]
    """

    def apply(prediction):
        return {'box': jnp.clip(jnp.asarray(prediction, jnp.float32), 0, 1)}

    return Answer(apply, {'kind': 'box', 'parts': {'box': {'axis': list(_SIDES)}}})
