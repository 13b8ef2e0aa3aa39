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
    """Bring the update of a surgery to the scale of the sum, or of the mean, of the task gradients.

    Surgeries differ in scale. For example, if each of n task gradients equals g, `sum` and `pcgrad`
    return ``n g``, while `mean` and `mgda` return g. If all methods have the same scale, you can
    use the same learning rate for all of them. Let n be the number of tasks with a label in the
    batch:

    - If the method has the scale of the sum (it returns ``n g`` in the example), ``to='mean'``
      divides its update by n.
    - If the method has the scale of the mean (it returns g, or g times a constant), ``to='sum'``
      multiplies its update by n.
    - If the method has neither scale, its update is divided by ``|sum_t w_t|``, where ``w_t`` is
      the weight that the method gives to task t. With ``to='sum'`` the result is then multiplied by
      n. Such methods are `nash_mtl`, `fairgrad`, and by default the methods of `from_gramian`.

    The weights ``w_t`` change by the same factor as the update. If `on_shared` multiplies the
    gradients of the heads by the task weights, it uses the changed weights.

    Args:
      method: The surgery to rescale.
      to: The new scale, ``'sum'`` or ``'mean'``.
      num_tasks: The number of tasks. Only methods with neither scale need it. You can omit it if
        the method is used in `on_shared`.

    Raises:
      ValueError: ``to`` is unknown, ``method`` is not a surgery, or ``method`` has neither scale
        and no task weights. ``update`` raises this error if it needs the number of tasks and
        ``init`` did not receive it.

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
