"""Tasks without a label in the batch: taken out of every weighting in one place."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax.base import Array, PyTree


def over_active(weigh: Callable[..., tuple[Array, PyTree]]) -> Callable[..., tuple[Array, PyTree]]:
    """The ``update`` of a weighting, from a function that seldom cares which tasks are active.

    ``weigh`` gets what `clean` makes of the losses, and an ``active`` that is never None. Inactive
    tasks get weight 0 whatever it says. The weights have the dtype of the losses, float32 at least.

    Args:
      weigh: ``(losses [T], state, *, active [T], key) -> (weights [T], state)``.

    >>> update = over_active(lambda losses, state, *, active, key: (1 / losses, state))
    >>> update(jnp.array([4.0, jnp.nan]), (), active=jnp.array([True, False]))[0].tolist()
    [0.25, 0.0]
    """

    def update(losses, state, *, active=None, key=None):
        dtype = jnp.result_type(jnp.float32, jnp.asarray(losses))
        losses, active = clean(losses, active)
        weights, state = weigh(losses, state, active=active, key=key)
        return jnp.where(active, weights, 0).astype(dtype), state

    return update


def clean(losses: ArrayLike, active: ArrayLike | None) -> tuple[Array, Array]:
    """Losses in the default float dtype, 1 for inactive tasks; and which tasks are active.

    They are constants to autodiff: the gradient of ``weights @ losses`` is the weighted gradient.

    >>> losses, active = clean([4, 2], None)
    >>> losses.tolist(), active.tolist()
    ([4.0, 2.0], [True, True])
    """
    losses = jax.lax.stop_gradient(jnp.asarray(losses, jnp.result_type(float)))
    active = jnp.ones(losses.shape, bool) if active is None else jnp.asarray(active, bool)
    return jnp.where(active, losses, 1), active


def positive(losses: Array) -> Array:
    """NaN where a loss is not positive, so that a formula that needs it to be does not go on.

    >>> positive(jnp.array([2.0, 0.0, -1.0])).tolist()
    [2.0, nan, nan]
    """
    return jnp.where(losses > 0, losses, jnp.nan)
