"""From one tower per task to one trunk."""

import jax
import jax.numpy as jnp

from mtljax.base import Array, PyTree
from mtljax.moves._fitted import check_stages, fitted, part


def soft_to_hard(soft: PyTree, fresh: PyTree) -> PyTree:
    """Average the towers of all tasks into one trunk, and keep the heads.

    A tower is one task's copy of the backbone. The trunk becomes ``sum_t tower_t / T`` for T tasks.
    If the towers are equal, the predictions do not change. If a penalty has kept the towers
    similar, the predictions hardly change. Do not average towers that were trained separately:
    their hidden units have no common order, so that the average is of no use.

    Call this function once for the parameters and once for the state (batch statistics, frozen
    stages), which has the same layout. Running means and variances are averaged too. Integers are
    not averaged: they come from the first tower.

    Initialise the optimiser again, by ``tx.init`` of the new parameters. The moments that an
    optimiser such as Adam has stored for the old parameters do not fit. The gradient of the trunk
    is the sum of the gradients of all tasks, and the second moment of a sum does not follow from
    the second moments of its terms.

    Args:
      soft: The trained parameters, or the state, of a `sharing.soft` or `sharing.independent`
        model.
      fresh: The initial parameters, or the state, of a `sharing.hard` model on the same backbone
        and heads. Only the structure and the shapes of this tree matter.

    Raises:
      ValueError: The stages or the heads of the two models differ in names, shapes or dtypes.

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
