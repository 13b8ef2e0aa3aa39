"""GradDrop: gradient sign dropout."""

import jax
import jax.numpy as jnp

from mtljax._numeric import divisor
from mtljax.options import PerTask, check_fraction, check_one_per_task
from mtljax.surgery._rows import spread, without_inactive
from mtljax.surgery._surgery import Surgery, Traits, transform


def graddrop(*, leak: PerTask = 0.0) -> Surgery:
    """GradDrop: keep only the gradients with a randomly drawn sign, in each parameter separately.

    The method treats each scalar parameter separately. Let ``g_t`` be the gradient of task t in
    this parameter. The positive sign is drawn with the probability
    ``P = (1 + sum_t g_t / sum_t |g_t|) / 2``, and the negative sign otherwise. The mask ``M_t`` is
    1 if ``g_t`` has the drawn sign, and 0 if not. The update is
    ``d = sum_t (l_t + (1 - l_t) M_t) g_t`` with the leak ``l_t``, which is 0 by default (Chen,
    Ngiam, Huang, Luong, Kretzschmar, Chai, Anguelov, NeurIPS 2020,
    https://arxiv.org/abs/2010.06808). In mtljax, as in the library TorchJD and in the code of
    CAGrad, the method acts on the gradients of the parameters. In the paper it acts on the
    gradients of a layer's activations.

    If all T task gradients equal g, the update is ``T g``. If all leaks are equal, the expected
    update is the sum of the gradients. If `on_shared` applies the method to the shared parameters,
    each head gets by default the gradient of its own loss, without a weight. ``update`` needs a
    random ``key``, from which it draws the signs. Zero gradients and tasks without a label in the
    batch add nothing. If a gradient is not finite in one parameter, the update of this parameter is
    not finite.

    Args:
      leak: The share of a gradient that is never dropped, in [0, 1]. Pass one number, or one number
        per task, ``[T]``.

    Raises:
      ValueError: ``leak`` is not in [0, 1], or ``update`` is called without ``key``.

    >>> method = graddrop()
    >>> updates = {'w': jnp.array([[1.0, 3.0], [2.0, 1.0]])}
    >>> state = method.init({'w': jnp.zeros(2)})
    >>> method.update(updates, state, key=jax.random.key(0))[0]['w'].tolist()
    [3.0, 4.0]
    """
    check_fraction('leak', leak, ndim=1)

    def combine(jacobian, inner, *, losses, active, key):
        if key is None:
            raise ValueError(
                'graddrop needs a key at update, for its draws. Found key = None. '
                'Pass key=... to update.'
            )
        check_one_per_task('leak', leak, jacobian.num_tasks, or_one=True)
        leaks = jnp.broadcast_to(jnp.asarray(leak, jnp.result_type(float)), active.shape)
        leaves, treedef = jax.tree.flatten(without_inactive(jacobian, active).stacked())
        sums = [_drop(leaf, leaks, jax.random.fold_in(key, i)) for i, leaf in enumerate(leaves)]
        weights = active.astype(jnp.float32)
        return jax.tree.unflatten(treedef, sums), weights, inner

    return transform(combine, traits=Traits(scale='sum', linear=False))


def _drop(rows, leak, key):
    dtype = jnp.result_type(rows, jnp.float32)
    values = rows.astype(dtype)
    total = jnp.sum(jnp.abs(values), axis=0)
    sign = jnp.sum(values, axis=0) / divisor(total, total != 0)
    uniform = jax.random.uniform(key, total.shape, dtype)
    positive = uniform < (1 + sign) / 2
    stays = jnp.where(values > 0, positive[None], ~positive[None])
    share = jnp.where(stays, 1, spread(leak, values).astype(dtype))
    return jnp.sum(share * values, axis=0).astype(rows.dtype)
