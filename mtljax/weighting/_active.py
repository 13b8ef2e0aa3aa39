"""How every weighting leaves out the tasks that have no label in the batch."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mtljax.base import PyTree
from mtljax.options import PerTask


def over_active(weigh: Callable[..., tuple[Array, PyTree]]) -> Callable[..., tuple[Array, PyTree]]:
    """Make the ``update`` of a weighting from a function that may ignore which tasks are active.

    A task is active if it has a label in the batch. ``weigh`` receives the losses from `clean`, and
    booleans ``active`` that are never None. Inactive tasks always get weight 0. The weights have
    the dtype of the losses, but at least float32.

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

    update.__qualname__ = weigh.__qualname__  # errors name the weighting
    return update


def clean(losses: PerTask, active: PerTask | None) -> tuple[Float[Array, 'T'], Bool[Array, 'T']]:
    """Return the losses as floats, with 1 for inactive tasks, and booleans for the active tasks.

    Autodiff treats the losses as constants: the gradient of ``weights @ losses`` is the weighted
    gradient.

    >>> losses, active = clean([4, 2], None)
    >>> losses.tolist(), active.tolist()
    ([4.0, 2.0], [True, True])
    """
    losses = jax.lax.stop_gradient(jnp.asarray(losses, jnp.result_type(float)))
    active = jnp.ones(losses.shape, bool) if active is None else jnp.asarray(active, bool)
    return jnp.where(active, losses, 1), active


def positive(losses: Float[Array, 'T']) -> Float[Array, 'T']:
    """Replace losses that are not positive by NaN.

    A formula that needs positive losses then gives NaN instead of a wrong number.

    >>> positive(jnp.array([2.0, 0.0, -1.0])).tolist()
    [2.0, nan, nan]
    """
    return jnp.where(losses > 0, losses, jnp.nan)
