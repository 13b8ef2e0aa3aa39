"""GradVac: raise the cosine between each pair of task gradients to its running mean."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from mtljax import solvers
from mtljax._numeric import divisor
from mtljax.options import check_fraction
from mtljax.surgery._from_gramian import from_cosines
from mtljax.surgery._inputs import known_tasks
from mtljax.surgery._order import of_rows, orders
from mtljax.surgery._surgery import Surgery


class GradVacState(NamedTuple):
    """The state of `gradvac`.

    Attributes:
      target: The running mean of the cosine of each pair of tasks, ``[T, T]``.
    """

    target: Float[Array, 'T T']


def gradvac(*, beta: float = 0.5, shuffle: bool = True, num_tasks: int | None = None) -> Surgery:
    """GradVac: raise the cosines between the task gradients to their running means.

    For each task i, the method starts from ``v_i = g_i``, the gradient of this task. It goes
    through the other tasks j in random order. For each j it computes the cosine
    ``c = cos(v_i, g_j)`` and compares c with ``p = p_ij``, the running mean of this cosine over the
    steps:

    - If ``c < p``, it adds ``|v_i| (p sqrt(1 - c^2) - c sqrt(1 - p^2)) / (|g_j| sqrt(1 - p^2))
      g_j`` to ``v_i``. The cosine of ``v_i`` and ``g_j`` is then p.
    - The running mean becomes ``p_ij = (1 - beta) p_ij + beta c``.

    The update is ``d = sum_i v_i`` (Wang, Tsvetkov, Firat, Cao, ICLR 2021,
    https://arxiv.org/abs/2010.05874). If p were always 0, this would be `pcgrad`. The method treats
    all parameters that it receives as one vector. The paper treats every layer separately. To do
    the same, wrap the method in `per_group` or `per_leaf`.

    If all T task gradients equal g, the update is ``T g``. If `on_shared` applies the method to the
    shared parameters, each head gets by default the gradient of its own loss, without a weight.
    ``update`` draws a new order for each task i. For more than two tasks, it needs a random ``key``
    for this. Zero gradients and tasks without a label in the batch are left out, and their running
    means do not change. If a task gradient is not finite, the update is not finite.

    Args:
      beta: The weight of the new cosine in the running mean. The libraries LibMTL and TorchJD use
        0.5.
      shuffle: Whether the order of the tasks j is random. If False, it is the order of the tasks in
        the arrays, and no key is needed.
      num_tasks: The number of tasks T. You can omit it if the method is used in `on_shared`.

    Raises:
      ValueError: ``beta`` is not in [0, 1], or ``update`` is called without ``key`` although it
        needs one.

    >>> method = gradvac(num_tasks=2)
    >>> updates = {'w': jnp.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(3)}))[0]['w'].tolist()
    [0.584..., 3.80..., 3.80...]
    """
    check_fraction('beta', beta)

    def init(num_tasks):
        return GradVacState(jnp.zeros((known_tasks(num_tasks),) * 2))

    def weigh(norms, cosines, inner, *, losses, active, key):
        tasks = len(norms)
        order = orders(tasks, key, shuffle=shuffle, method='gradvac')
        target = inner.target.astype(cosines.dtype)
        seen = norms > 0
        rows = solvers.factor(cosines, seen)
        units, met = jax.vmap(_turn, in_axes=(None, 0, 0, 0, None))(
            rows, jnp.arange(tasks), order, target, seen
        )
        moves = seen[:, None] & seen[None, :] & ~jnp.eye(tasks, dtype=bool)
        after = jnp.where(moves, (1 - beta) * target + beta * met, target)
        return of_rows(units, norms), GradVacState(after.astype(inner.target.dtype))

    return from_cosines(weigh, init, num_tasks=num_tasks, scale='sum')


def _turn(
    rows: Float[Array, 'T T'],
    task: Int[Array, ''],
    order: Int[Array, 'T'],
    target: Float[Array, 'T'],
    seen: Bool[Array, 'T'],
) -> tuple[Float[Array, 'T'], Float[Array, 'T']]:
    """Return a turned gradient's coefficients of the unit gradients, and its earlier cosines.

    The scan also carries the turned gradient itself. If it nearly vanishes, its length cannot be
    computed from the coefficients.
    """

    def against(carry, other):
        turned, units = carry
        length = jnp.linalg.norm(turned)
        cosine = jnp.clip(turned @ rows[other] / divisor(length), -1, 1)
        aim = jnp.clip(target[other], -1, 1)
        across = jnp.sqrt(1 - aim**2)
        turns = (other != task) & seen[other] & seen[task] & (cosine < aim) & (across > 0)
        change = aim * jnp.sqrt(1 - cosine**2) / divisor(across) - cosine
        step = jnp.where(turns, length * change, 0)
        return (turned + step * rows[other], units.at[other].add(step)), cosine

    start = jax.nn.one_hot(task, len(order), dtype=rows.dtype)
    (_, units), met = jax.lax.scan(against, (rows[task], start), order)
    return units, jnp.zeros_like(met).at[order].set(met)
