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
    """Scale the update of a surgery like the sum, or like the mean, of the task gradients.

    Surgeries differ in scale: if every one of T task gradients equals g, some methods return
    ``T g`` and others ``g``. If all methods have one scale, one learning rate fits them all.

    - A method that returns ``T g`` is divided by the number of active tasks for ``'mean'``. A task
      is active if it has a label in the batch.
    - A method that returns ``g`` is multiplied by the number of active tasks for ``'sum'``.
    - Some methods have another scale (`nash_mtl`, `fairgrad`, and `from_gramian` by default). Their
      task weights are divided by the absolute value of the sum of the weights. For ``'sum'`` they
      are then multiplied by the number of active tasks.

    The task weights get the same factor as the update. If `on_shared` weights the gradients of the
    heads, these get it too.

    Args:
      method: A surgery.
      to: The scale, ``'sum'`` or ``'mean'``.
      num_tasks: The number of tasks. Only the methods of the third kind need it. Inside `on_shared`
        you can omit it.

    Raises:
      ValueError: The scale is unknown, or the method is not a surgery. For a method of the third
        kind: it has no task weights (`per_group`), or the number of tasks was not known at init.

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
