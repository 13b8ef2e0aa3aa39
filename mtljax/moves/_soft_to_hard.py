"""From a tower per task to one trunk."""

import jax
import jax.numpy as jnp

from mtljax.base import Array, PyTree
from mtljax.moves._fitted import check_stages, fitted, part


def soft_to_hard(soft: PyTree, fresh: PyTree) -> PyTree:
    """Average the towers into one trunk.

    ``trunk = sum_t tower_t / T``, and the heads do not change. Equal towers keep their predictions,
    and towers that a penalty held close nearly keep them. Towers of single-task training do not,
    because their units have no common order. Parameters and state (batch statistics, frozen stages)
    have the same layout: move both. Running means and variances are averaged too; integers are
    those of the first tower.

    Start the optimiser again, with ``tx.init`` of the new parameters: moments do not move. The
    gradient of the trunk is a sum over the tasks, and a sum of squares is not the square of a sum.

    Args:
      soft: The parameters, or the state, of `sharing.soft` or `sharing.independent`.
      fresh: The fresh parameters, or the fresh state, of `sharing.hard` on the same backbone and
        heads. Only its structure and shapes matter.

    Raises:
      ValueError: Stages or heads differ in names, shapes or dtypes.

    >>> soft = {'shared': {}, 'task': {'towers': {'stage0': jnp.array([[1.0], [3.0]])},
    ...                                'heads': {'a': 1.0, 'b': 2.0}}}
    >>> fresh = {'shared': {'stage0': jnp.zeros(1)}, 'task': {'heads': {'a': 0.0, 'b': 0.0}}}
    >>> soft_to_hard(soft, fresh)['shared']['stage0'].tolist()
    [2.0]
    """
    common, towers = part(soft, 'shared', 'soft'), part(soft, 'task/towers', 'soft')
    check_stages({**common, **towers}, part(fresh, 'shared', 'hard'))
    trunk = {**common, **jax.tree.map(_mean, towers)}
    return fitted({'shared': trunk, 'task': {'heads': part(soft, 'task/heads', 'soft')}}, fresh)


def _mean(leaf) -> Array:
    return leaf.mean(axis=0) if jnp.issubdtype(leaf.dtype, jnp.inexact) else leaf[0]
