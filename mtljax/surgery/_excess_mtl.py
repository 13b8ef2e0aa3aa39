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
      curvature: The tree ``sqrt(sum of g^2 over the steps)``, leaves ``[T, ...]``.
      baseline: The mean excess risk of each task's first steps.
      count: The number of steps in which each task had a label.
      logits: The logarithms of the weights.
    """

    curvature: PyTree
    baseline: Float[Array, 'T']
    count: Int[Array, 'T']
    logits: Float[Array, 'T']


def excess_mtl(
    *, step_size: float = 0.01, baseline_steps: int = 1, num_tasks: int | None = None
) -> Surgery:
    """ExcessMTL: weights grow with the estimated excess risk of each task.

    ``e_t = g_t^T H_t^-1 g_t`` with ``H_t = diag(sqrt(sum of g_t^2 over the steps))``; divided by
    its mean over the first steps, it drives ``w_t ~ w_t exp(step_size e_t)``, ``sum_t w_t = 1``;
    ``d = sum_t w_t g_t`` (He, Zhou, Zhang, Yun, Xu, Zeng, Chilimbi, Zhao, ICML 2024,
    https://proceedings.mlr.press/v235/he24n.html). The state holds T gradients. LibMTL starts at
    ``w_t = 1`` and keeps the sum at T: ``rescale(..., to='sum')``.

    Equal gradients g give ``g``. Head gradients are weighted by w. The method is not random.
    Inactive tasks are excluded and keep their state. A zero gradient has no excess risk. A gradient
    that is not finite makes this and later updates not finite.

    Args:
      step_size: The rate at which the weights change. The default is LibMTL's; TorchJD takes 1.
      baseline_steps: The number of first steps over which the excess risk is averaged. The weights
        stay equal until then.
      num_tasks: T. Needed unless `on_shared`, which knows T, is around the method.

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
