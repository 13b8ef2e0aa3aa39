"""One scale for all methods."""

from typing import Literal

import jax
import jax.numpy as jnp

from mtljax.surgery._surgery import Surgery
from mtljax.surgery._wrapped import check_inner, scaled_weights, weights_of, wrapped


def rescale(
    method: Surgery, to: Literal['sum', 'mean'], *, num_tasks: int | None = None
) -> Surgery:
    """A method whose update has the scale of the sum, or of the mean, of the gradients.

    A method that adds (equal gradients g give ``T g``) is divided by the number of active tasks for
    ``'mean'``, one that averages is multiplied by it for ``'sum'``: a constant factor, so that
    learning rates carry over. Where a method's length is its own (nash_mtl, fairgrad, and
    from_gramian unless it says otherwise), its task weights are divided by the size of their sum
    instead, and for ``'sum'`` multiplied by the number of active tasks. Task weights, and with them
    weighted head gradients, get the same factor.

    Args:
      method: a surgery.
      to: ``'sum'`` or ``'mean'``.
      num_tasks: T, where it stands alone and weights are to be summed.

    Raises:
      ValueError: another scale, or no surgery; weights are to be summed and the method has none
        (per_group) or, at update, T was unknown.

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
        raise ValueError('rescale needs the task weights of the method, and this one has none.')

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
        unit = 1 / jnp.where(total != 0, total, 1)
        return unit * count if to == 'sum' else unit
    if scale == to:
        return jnp.ones(())
    return count.astype(jnp.float32) if to == 'sum' else 1 / count
