"""MoCo: multi-gradient descent on gradients that are tracked over steps."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from mtljax import solvers
from mtljax.base import PyTree
from mtljax.gradients import Stacked
from mtljax.options import check_not_negative, check_option
from mtljax.surgery._inputs import known_tasks
from mtljax.surgery._rows import as_params, blend, zero_rows
from mtljax.surgery._surgery import Surgery, Traits, transform


class MocoState(NamedTuple):
    """The state of `moco`.

    Attributes:
      step: The number of updates so far.
      rows: The tracked task gradients Y, in leaves ``[T, ...]`` for T tasks.
      weights: The task weights l.
    """

    step: Int[Array, '']
    rows: PyTree
    weights: Float[Array, 'T']


def moco(
    *,
    beta: float = 0.5,
    beta_sigma: float = 0.5,
    gamma: float = 0.1,
    gamma_sigma: float = 0.5,
    rho: float = 0.0,
    num_tasks: int | None = None,
) -> Surgery:
    """MoCo: MGDA on running means of the task gradients, with weights that change slowly.

    MGDA (see `mgda`) computes the shortest convex combination of the task gradients. Let J be the
    matrix whose T rows are the task gradients. MoCo keeps a matrix Y, which holds the running means
    of these rows, and a vector l of task weights. Step k does the following:

    - Update the running means: ``Y = Y - beta / k^beta_sigma (Y - J)``.
    - Update the task weights: ``l = P(l - gamma / k^gamma_sigma (Y Y^T + rho I) l)``. P is the
      projection on the simplex: the weights stay at least 0 and sum to 1.
    - Return the update ``d = Y^T l``.

    The paper is Fernando, Shen, Liu, Chaudhury, Murugesan, Chen, ICLR 2023,
    https://openreview.net/forum?id=dLAYGdKTi2. The library LibMTL makes the length of each task
    gradient equal to the loss of the task, and uses a softmax in place of P. The state needs as
    much memory as T gradients.

    If all task gradients equal g, the first update is ``beta g``, and later updates tend to ``g``.
    The change of the weights in a step grows with the square of the gradients, so a good gamma
    depends on the size of the gradients. If `on_shared` applies the method to the shared
    parameters, each head gets by default the gradient of its own loss, without a weight. A task
    without a label in the batch is left out of this step, and its running mean and its weight do
    not change. A zero gradient moves the running mean of its task towards 0. The method is
    deterministic. If a task gradient is not finite, this update and all later ones are not finite.

    Args:
      beta: The rate of the running means, in (0, 1]. This default and the defaults of the other
        options are the same as in LibMTL.
      beta_sigma: At step k, beta is divided by ``k^beta_sigma``.
      gamma: The step size of the task weights.
      gamma_sigma: At step k, gamma is divided by ``k^gamma_sigma``.
      rho: The number that is added to the diagonal of ``Y Y^T``.
      num_tasks: The number of tasks T. You can omit it if the method is used in `on_shared`.

    Raises:
      ValueError: ``beta`` is not in (0, 1], or another option is negative.

    >>> method = moco(beta=1.0, gamma=0.0, num_tasks=2)
    >>> updates = {'w': jnp.array([[1.0, 2.0], [3.0, 4.0]])}
    >>> method.update(updates, method.init({'w': jnp.zeros(2)}))[0]['w'].tolist()
    [2.0, 3.0]
    """
    check_option('beta', beta, 'in (0, 1]', lambda value: (value > 0) & (value <= 1))
    for name, value in (
        ('beta_sigma', beta_sigma),
        ('gamma', gamma),
        ('gamma_sigma', gamma_sigma),
        ('rho', rho),
    ):
        check_not_negative(name, value)

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
