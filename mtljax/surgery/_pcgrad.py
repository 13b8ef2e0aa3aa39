"""PCGrad: project each task gradient so that it does not oppose another one."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from mtljax.surgery._from_gramian import from_cosines
from mtljax.surgery._order import of_rows, orders
from mtljax.surgery._surgery import Surgery


def pcgrad(*, shuffle: bool = True) -> Surgery:
    """PCGrad: remove from each task gradient the part that opposes another task's gradient.

    For each task i, the method starts from ``v_i = g_i``, the gradient of this task. It goes
    through the other tasks j in random order. If ``v_i . g_j < 0``, it subtracts the projection
    ``(v_i . g_j) / |g_j|^2 g_j`` from ``v_i``. The update is ``d = sum_i v_i`` (Yu, Kumar, Gupta,
    Levine, Hausman, Finn, NeurIPS 2020, https://arxiv.org/abs/2001.06782). The method treats all
    parameters that it receives as one vector.

    If all T task gradients equal g, the update is ``T g``. If `on_shared` applies the method to the
    shared parameters, each head gets by default the gradient of its own loss, without a weight.
    ``update`` draws a new order for each task i. For more than two tasks, it needs a random ``key``
    for this. Zero gradients and tasks without a label in the batch change nothing. If a task
    gradient is not finite, the update is not finite.

    Args:
      shuffle: Whether the order of the tasks j is random. If False, it is the order of the tasks in
        the arrays, and no key is needed. The authors' TensorFlow code behaves like False, because
        it discards its shuffled order.

    Raises:
      ValueError: ``update`` is called without ``key`` although it needs one.

    >>> method = pcgrad()
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].tolist()
    [0.584..., 3.80..., 3.80...]
    """

    def weigh(norms, cosines, inner, *, losses, active, key):
        order = orders(len(norms), key, shuffle=shuffle, method='pcgrad')
        units = jax.vmap(_project, in_axes=(None, 0, 0))(cosines, jnp.arange(len(norms)), order)
        return of_rows(units, norms), inner

    return from_cosines(weigh, scale='sum')


def _project(
    cosines: Float[Array, 'T T'], task: Int[Array, ''], order: Int[Array, 'T']
) -> Float[Array, 'T']:
    """Return the coefficients of the unit gradients in one projected gradient."""

    def against(units, other):
        dot = units @ cosines[:, other]
        return units.at[other].add(jnp.where(other == task, 0, -jnp.minimum(dot, 0))), None

    start = jax.nn.one_hot(task, len(order), dtype=cosines.dtype)
    return jax.lax.scan(against, start, order)[0]
