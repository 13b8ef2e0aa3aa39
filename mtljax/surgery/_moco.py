"""MoCo: multi-gradient descent on gradients that are tracked over steps."""

from typing import NamedTuple

import jax.numpy as jnp

from mtljax import solvers
from mtljax.base import Array, PyTree
from mtljax.gradients import Stacked
from mtljax.options import check_option
from mtljax.surgery._inputs import known_tasks
from mtljax.surgery._rows import as_params, blend, zero_rows
from mtljax.surgery._surgery import Surgery, Traits, transform


class MocoState(NamedTuple):
    """The state of `moco`.

    Attributes:
      step: how many updates there were.
      rows: the tracked gradients Y, leaves ``[T, ...]``.
      weights: lambda, ``[T]``.
    """

    step: Array
    rows: PyTree
    weights: Array


def moco(
    *,
    beta: float = 0.5,
    beta_sigma: float = 0.5,
    gamma: float = 0.1,
    gamma_sigma: float = 0.5,
    rho: float = 0.0,
    num_tasks: int | None = None,
) -> Surgery:
    """MoCo: weights follow the least point of the hull of gradients that are averaged over steps.

    At step k: ``Y = Y - beta / k^beta_sigma (Y - J)``; ``l = P(l - gamma / k^gamma_sigma
    (Y Y^T + rho I) l)``, P the projection on the simplex; ``d = Y^T l`` (Fernando, Shen, Liu,
    Chaudhury, Murugesan, Chen, ICLR 2023, https://openreview.net/forum?id=dLAYGdKTi2). LibMTL
    replaces each gradient by its direction times its loss, and P by a softmax. It holds T gradients
    in its state.

    Equal gradients g give ``beta g`` at the first step and ``g`` in the end. The step of l grows
    with the square of the gradients: choose gamma by their size. Head gradients: plain. Nothing is
    random. Inactive tasks are excluded, and keep their row and their share; a zero gradient pulls
    its row to 0; one that is not finite makes this and later updates not finite.

    Args:
      beta: the rate of the tracking; this and the other defaults are LibMTL's.
      beta_sigma: how fast it falls with the steps.
      gamma: the rate of the weights.
      gamma_sigma: how fast it falls.
      rho: a ridge.
      num_tasks: T, where it stands alone.

    Raises:
      ValueError: an option out of range.

    >>> method = moco(beta=1.0, gamma=0.0, num_tasks=2)
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [2.0, 3.0]
    """
    check_option('beta', beta, 'in (0, 1]', lambda found: (found > 0) & (found <= 1))
    for name, value in (
        ('beta_sigma', beta_sigma),
        ('gamma', gamma),
        ('gamma_sigma', gamma_sigma),
        ('rho', rho),
    ):
        check_option(name, value, 'a finite number >= 0', lambda found: found >= 0)

    def init(params, num_tasks):
        tasks = known_tasks(num_tasks)
        start = jnp.ones(tasks) / tasks
        return MocoState(jnp.zeros((), jnp.int32), zero_rows(params, tasks), start)

    def combine(jacobian, inner, *, losses, active, key):
        step = inner.step + 1
        count = step.astype(jnp.result_type(float))
        fresh = jacobian.stacked()
        tree = blend(inner.rows, fresh, beta / count**beta_sigma, active)
        rows = Stacked(tree, jacobian.num_tasks)
        norms, cosines = rows.normalised()
        share = solvers.simplex(inner.weights, active).astype(norms.dtype)
        lengths = jnp.where(active, norms, 0)
        pull = lengths * (cosines @ (lengths * share)) + rho * share
        most = jnp.finfo(pull.dtype).max / (4 * active.size)
        pull = jnp.clip(pull, -most, most)
        share = solvers.simplex(share - gamma / count**gamma_sigma * pull, active)
        after = jnp.where(active, share, inner.weights).astype(inner.weights.dtype)
        return as_params(rows.combine(share), fresh), share, MocoState(step, tree, after)

    traits = Traits(scale='mean', linear=False)
    return transform(combine, init, num_tasks=num_tasks, traits=traits)
