"""ExcessMTL: more weight for the tasks that are farthest from convergence."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from mtljax._numeric import divide, divisor
from mtljax.base import PyTree
from mtljax.options import check_count, check_not_negative
from mtljax.surgery._inputs import known_tasks
from mtljax.surgery._rows import where_rows, zero_rows
from mtljax.surgery._surgery import Surgery, Traits, transform


class ExcessState(NamedTuple):
    """The state of `excess_mtl`.

    Attributes:
      curvature: For each task, the square root of the sum of its squared gradients over the steps,
        in leaves ``[T, ...]`` for T tasks.
      baseline: The mean excess risk of each task over its first steps.
      count: The number of steps in which each task had a label.
      logits: The logarithms of the task weights, before they are normalised.
    """

    curvature: PyTree
    baseline: Float[Array, 'T']
    count: Int[Array, 'T']
    logits: Float[Array, 'T']


def excess_mtl(
    *, step_size: float = 0.01, baseline_steps: int = 1, num_tasks: int | None = None
) -> Surgery:
    """ExcessMTL: give more weight to the tasks that are farthest from convergence.

    The excess risk measures how far a task is from its optimum. For task t it is estimated from the
    gradient ``g_t`` as ``e_t = g_t^T H_t^-1 g_t``. Here ``H_t`` is a diagonal matrix. Its diagonal
    holds ``sqrt(sum of g_t^2 over the steps)`` for each parameter. ``e_t`` is then divided by its
    mean over the first ``baseline_steps`` steps. A task with a larger ``e_t`` gets a larger weight:
    ``w_t`` is multiplied by ``exp(step_size e_t)``, and all weights are then scaled to sum 1. The
    update is ``d = sum_t w_t g_t`` (He, Zhou, Zhang, Yun, Xu, Zeng, Chilimbi, Zhao, ICML 2024,
    https://proceedings.mlr.press/v235/he24n.html).

    In the library LibMTL, the T weights start at 1 and have the sum T. To get the same, use
    ``rescale(excess_mtl(), to='sum')``. The state needs as much memory as T gradients.

    If every task gradient equals g, the update is ``g``. If `on_shared` applies the method to the
    shared parameters, the gradient of the head of task t is by default also multiplied by ``w_t``.
    A task without a label in the batch is left out of this step, and its state does not change. A
    zero gradient has the excess risk 0. The method is deterministic. If a task gradient is not
    finite, this update and all later ones are not finite.

    Args:
      step_size: The factor in the exponent, at least 0. The default is the same as in LibMTL. The
        default of the library TorchJD is 1.
      baseline_steps: The number of steps over which the mean of ``e_t`` is taken, at least 1. The
        weights stay equal during these steps.
      num_tasks: The number of tasks T. You can omit it if the method is used in `on_shared`.

    Raises:
      ValueError: An option is out of range.

    >>> method = excess_mtl(num_tasks=2)
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [2.0, 3.0]
    """
    check_not_negative('step_size', step_size)
    check_count('baseline_steps', baseline_steps, 1)

    def init(params, num_tasks):
        tasks = known_tasks(num_tasks)
        return ExcessState(
            zero_rows(params, tasks),
            jnp.zeros(tasks),
            jnp.zeros(tasks, jnp.int32),
            jnp.zeros(tasks),
        )

    def combine(jacobian, inner, *, losses, active, key):
        jacobian = jacobian.realise()
        rows = jacobian.stacked()
        grown = jax.tree.map(_grown, inner.curvature, rows)
        excess = sum(jax.tree.leaves(jax.tree.map(_excess, rows, grown)), jnp.zeros(active.size))
        excess = excess.astype(inner.logits.dtype)
        count = inner.count + active
        settling = active & (count <= baseline_steps)
        baseline = inner.baseline + jnp.where(settling, excess / baseline_steps, 0)
        moves = active & ~settling & ~(baseline <= 0)
        relative = divide(excess, baseline, moves)
        logits = inner.logits + step_size * relative
        weights = jnp.where(active.any(), jax.nn.softmax(logits, where=active), 0)
        curvature = where_rows(active, grown, inner.curvature)
        return jacobian.combine(weights), weights, ExcessState(curvature, baseline, count, logits)

    traits = Traits(weighs_heads=True, scale='mean')
    return transform(combine, init, num_tasks=num_tasks, traits=traits)


def _grown(curvature, rows):
    return jnp.hypot(curvature, rows.astype(curvature.dtype))


def _excess(rows, curvature):
    values = rows.astype(curvature.dtype)
    share = values / divisor(curvature)
    return jnp.sum((values * share).reshape(len(values), -1), axis=1)
