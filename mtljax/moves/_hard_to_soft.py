"""From one trunk to a tower per task."""

import jax
import jax.numpy as jnp

from mtljax.base import Array, PyTree
from mtljax.moves._fitted import check_stages, fitted, part


def hard_to_soft(hard: PyTree, fresh: PyTree) -> PyTree:
    """Give every task a tower: a copy of the trunk that all tasks trained.

    ``tower_t = trunk`` for every t, so that the predictions do not change. Parameters and
    state (batch statistics, frozen stages) have the same layout: move both.

    Start the optimiser again, with ``tx.init`` of the new parameters: moments do not move. The
    moments of the trunk belong to the sum of the gradients of all tasks, but the gradient of a
    tower is that of one task. A second moment up to ``T^2`` times too large would slow the towers
    as long as the optimiser remembers it.

    Args:
      hard: The parameters, or the state, of `sharing.hard`.
      fresh: The fresh parameters, or the fresh state, of `sharing.soft` or `sharing.independent` on
        the same backbone and heads. Only its structure and shapes matter.

    Raises:
      ValueError: Stages or heads differ in names, shapes or dtypes.

    >>> hard = {'shared': {'stage0': jnp.ones(3)}, 'task': {'heads': {'a': 1.0, 'b': 2.0}}}
    >>> fresh = {'shared': {}, 'task': {'towers': {'stage0': jnp.zeros((2, 3))},
    ...                                 'heads': {'a': 0.0, 'b': 0.0}}}
    >>> hard_to_soft(hard, fresh)['task']['towers']['stage0'].shape
    (2, 3)
    """
    trunk, heads = part(hard, 'shared', 'hard'), part(hard, 'task/heads', 'hard')
    common, towers = part(fresh, 'shared', 'soft'), part(fresh, 'task/towers', 'soft')
    check_stages(trunk, {**common, **towers})
    copied = {name: copies(trunk[name], len(heads)) for name in towers}
    moved = {
        'shared': {name: trunk[name] for name in common},
        'task': {'towers': copied, 'heads': heads},
    }
    return fitted(moved, fresh)


def copies(tree: PyTree, count: int) -> PyTree:
    """Every leaf ``count`` times along a new leading axis.

    >>> copies({'a': jnp.ones(3)}, 2)['a'].shape
    (2, 3)
    """

    def repeat(leaf) -> Array:
        return jnp.broadcast_to(leaf, (count, *jnp.shape(leaf)))

    return jax.tree.map(repeat, tree)
