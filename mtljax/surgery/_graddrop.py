"""Gradient sign dropout."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from mtljax.options import check_one_per_task, check_option
from mtljax.surgery._rows import spread, without_inactive
from mtljax.surgery._surgery import Surgery, Traits, transform


def graddrop(*, leak: ArrayLike = 0.0) -> Surgery:
    """GradDrop: in every parameter, gradients of one sign only, drawn by the weight of each sign.

    With ``P = (1 + sum_t g_t / sum_t |g_t|) / 2`` and U uniform in [0, 1), elementwise, positive
    entries stay where ``U < P`` and negative ones where ``U > P``: ``d = sum_t (l_t + (1 - l_t)
    M_t) g_t`` (Chen, Ngiam, Huang, Luong, Kretzschmar, Chai, Anguelov, NeurIPS 2020,
    https://arxiv.org/abs/2010.06808). On the gradients of the parameters, as TorchJD and the code
    of CAGrad; the paper's form acts at a layer of activations.

    Equal gradients g give ``T g``, and the expectation is the sum. Head gradients: plain. The
    draws come from ``key``, one U per parameter for all tasks. Inactive tasks and zero entries add
    nothing; an entry that is not finite makes its parameter's update not finite.

    Args:
      leak: l, the share of a gradient that is never dropped, in [0, 1]; a number or ``[T]``.

    Raises:
      ValueError: leak is out of range; at update, no key.

    >>> method = graddrop()
    >>> updates = {'w': jnp.array([[1.0, 3.0], [2.0, 1.0]])}
    >>> state = method.init({'w': jnp.zeros(2)})
    >>> method.update(updates, state, key=jax.random.key(0))[0]['w'].tolist()
    [3.0, 4.0]
    """
    check_option('leak', leak, 'in [0, 1]', lambda found: (found >= 0) & (found <= 1), ndim=1)

    def combine(jacobian, inner, *, losses, active, key):
        if key is None:
            raise ValueError('graddrop draws which signs stay: pass key=... to update.')
        check_one_per_task('leak', leak, jacobian.num_tasks, or_one=True)
        leaks = jnp.broadcast_to(jnp.asarray(leak, jnp.result_type(float)), active.shape)
        leaves, treedef = jax.tree.flatten(without_inactive(jacobian, active).stacked())
        kept = [_drop(leaf, leaks, jax.random.fold_in(key, i)) for i, leaf in enumerate(leaves)]
        weights = active.astype(jnp.float32)
        return jax.tree.unflatten(treedef, kept), weights, inner

    return transform(combine, traits=Traits(scale='sum', linear=False))


def _drop(rows, leak, key):
    dtype = jnp.result_type(rows, jnp.float32)
    values = rows.astype(dtype)
    total = jnp.sum(jnp.abs(values), axis=0)
    sign = jnp.sum(values, axis=0) / jnp.where(total != 0, total, 1)
    uniform = jax.random.uniform(key, total.shape, dtype)
    positive = uniform < (1 + sign) / 2
    stays = jnp.where(values > 0, positive[None], ~positive[None])
    share = jnp.where(stays, 1, spread(leak, values).astype(dtype))
    return jnp.sum(share * values, axis=0).astype(rows.dtype)
