"""One scale for the updates of all methods."""

from typing import Literal

import jax
import jax.numpy as jnp

from mtljax._numeric import divisor
from mtljax.surgery._surgery import Surgery
from mtljax.surgery._wrapped import check_inner, scaled_weights, weights_of, wrapped


def rescale(
    method: Surgery, to: Literal['sum', 'mean'], *, num_tasks: int | None = None
) -> Surgery:
    """A method whose update has the scale of the sum or of the mean of the gradients.

    A method that adds (equal gradients g give ``T g``) is divided by the number of active tasks for
    ``'mean'``, one that averages is multiplied by it for ``'sum'``: a constant factor, so that
    learning rates carry over. Other methods (nash_mtl, fairgrad, and from_gramian by default) have
    another length. Their task weights are divided by the size of their sum, and for ``'sum'``
    multiplied by the number of active tasks. Task weights, and with them weighted head gradients,
    get the same factor.

    Args:
      method: A surgery.
      to: The scale, ``'sum'`` or ``'mean'``.
      num_tasks: T. Needed only if weights are summed and `on_shared`, which knows T, is not around
        the method.

    Raises:
      ValueError: The scale is unknown, or the method is not a surgery; the weights have to be
        summed and the method has none (per_group), or T was not known at init.

    >>> from mtljax import surgery
    >>> method = rescale(surgery.mgda(), to='sum')
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].round(3) + 0.0
    Array([0., 2., 2.], dtype=float32)
    """
    if to not in ('sum', 'mean'):
        raise ValueError(f"to should be 'sum' or 'mean'. Found to = {to!r}.")
    check_inner(method, 'rescale')

    if method.traits.scale == 'own' and not method.traits.linear:
        raise ValueError(
            f'rescale needs a method with task weights. Found {method!r}, which has none.'
        )

    def step(run, jacobian, state, active):
        updates, inner = run(jacobian, state.inner)
        factor = _factor(method.traits.scale, to, jnp.maximum(jnp.sum(active), 1), inner, active)
        updates = jax.tree.map(lambda leaf: (factor * leaf).astype(leaf.dtype), updates)
        return updates, scaled_weights(inner, factor), inner

    traits = method.traits._replace(scale=to, rule=None)
    return wrapped(method, lambda state: (state.task_weights, state), step, traits, num_tasks)


def _factor(scale, to, count, state, active):
    if scale == 'own':
        total = jnp.abs(jnp.sum(jnp.where(active, weights_of(state, 'rescale'), 0)))
        unit = 1 / divisor(total, total != 0)
        return unit * count if to == 'sum' else unit
    if scale == to:
        return jnp.ones(())
    return count.astype(jnp.float32) if to == 'sum' else 1 / count
