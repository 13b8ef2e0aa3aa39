"""DB-MTL: gradients of the logarithms of the losses, all scaled to one norm."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Int

from mtljax._numeric import divide
from mtljax.base import PyTree
from mtljax.gradients import Stacked
from mtljax.options import check_not_negative, check_share
from mtljax.surgery._inputs import known_tasks
from mtljax.surgery._rows import as_params, blend, zero_rows
from mtljax.surgery._surgery import Surgery, Traits, transform


class DualBalanceState(NamedTuple):
    """The state of `db_mtl`.

    Attributes:
      step: The number of updates so far.
      rows: The running mean of the gradient of each task's log-loss, in leaves ``[T, ...]``.
    """

    step: Int[Array, '']
    rows: PyTree


def db_mtl(*, beta: float = 0.9, beta_sigma: float = 0.0, num_tasks: int | None = None) -> Surgery:
    """DB-MTL: average the gradients of the log-losses over steps, and make them equally long.

    Let ``L_t`` be the loss of task t, and ``m_t`` the running mean of the gradient of
    ``log(L_t + 1e-8)``. At step k, the running mean becomes
    ``m_t = b m_t + (1 - b) grad log(L_t + 1e-8)`` with ``b = beta / k^beta_sigma``. Each running
    mean is then scaled to the length of the longest running mean, and the update is the sum
    ``d = max_s |m_s| sum_t m_t / |m_t|`` (Lin, Jiang, Ye, Zhang, Chen, Chen, Liu, Kwok, 2023,
    https://arxiv.org/abs/2308.12029). The state needs as much memory as T gradients, for T tasks.

    If all task gradients equal g and all losses equal L, the first update is
    ``(1 - beta) T g / L``, and later updates tend to ``T g / L``. If `on_shared` applies the method
    to the shared parameters, the gradient of the head of task t is by default multiplied by
    ``1 / L_t``, which gives the gradient of the log-loss. A task without a label in the batch is
    left out of this step, and its running mean does not change. A running mean that is zero adds
    nothing. The method is deterministic. If a task gradient is not finite, this update and all
    later ones are not finite. The losses must be positive.

    Args:
      beta: The decay of the running means, in [0, 1). The default is the same as in the library
        LibMTL.
      beta_sigma: A number >= 0. At step k, beta is divided by ``k^beta_sigma``. The default is the
        same as in LibMTL.
      num_tasks: The number of tasks T. You can omit it if the method is used in `on_shared`.

    Raises:
      ValueError: An option is out of range, or ``update`` is called without ``losses``.

    >>> method = db_mtl(beta=0.0, num_tasks=2)
    >>> updates = {'w': jnp.array([[1.0, 0.0], [0.0, 4.0]])}
    >>> state = method.init({'w': jnp.zeros(2)})
    >>> method.update(updates, state, losses=jnp.ones(2))[0]['w'].tolist()
    [4.0, 4.0]
    """
    check_share('beta', beta)
    check_not_negative('beta_sigma', beta_sigma)

    def init(params, num_tasks):
        return DualBalanceState(jnp.zeros((), jnp.int32), zero_rows(params, known_tasks(num_tasks)))

    def combine(jacobian, inner, *, losses, active, key):
        if losses is None:
            raise ValueError(
                'db_mtl needs the losses at update. Found losses = None. Pass losses=[T] to update.'
            )
        step = inner.step + 1
        heads = 1 / (jnp.where(active, losses, 1) + 1e-8)
        fresh = jacobian.scale(heads).stacked()
        rate = 1 - beta / step ** jnp.asarray(beta_sigma, jnp.result_type(float))
        rows = Stacked(blend(inner.rows, fresh, rate, active), jacobian.num_tasks)
        norms = jnp.where(active, rows.normalised(active)[0], 0)
        updates = as_params(rows.combine(jnp.max(norms) * divide(1, norms)), fresh)
        return updates, jnp.where(active, heads, 0), DualBalanceState(step, rows.tree)

    traits = Traits(weighs_heads=True, scale='sum', linear=False)
    return transform(combine, init, num_tasks=num_tasks, traits=traits)
