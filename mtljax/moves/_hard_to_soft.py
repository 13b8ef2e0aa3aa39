"""From one trunk to one tower per task."""

import jax
import jax.numpy as jnp

from mtljax.base import Array, PyTree
from mtljax.moves._fitted import check_stages, fitted, part


def hard_to_soft(hard: PyTree, fresh: PyTree) -> PyTree:
    """Start the tower of every task from a copy of one trained trunk.

    The trunk is the backbone that all tasks share, and a tower is one task's copy of it. All towers
    start equal, so the predictions do not change. Call this function once for the parameters and
    once for the state (batch statistics, frozen stages), which has the same layout.

    Initialise the optimiser again, by ``tx.init`` of the new parameters. The moments that an
    optimiser such as Adam has stored for the old parameters do not fit. The moments of the trunk
    belong to the sum of the gradients of all T tasks, but a tower gets the gradient of one task
    only. The second moment of the trunk could be up to ``T^2`` times too large. It would slow down
    the towers for as long as the optimiser remembers it.

    Args:
      hard: The trained parameters, or the state, of a `sharing.hard` model.
      fresh: The initial parameters, or the state, of a `sharing.soft` or `sharing.independent`
        model on the same backbone and heads. Only the structure and the shapes of this tree matter.

    Raises:
      ValueError: The stages or the heads of the two models differ in names, shapes or dtypes.

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
    """Repeat every leaf ``count`` times along a new leading axis.

    >>> copies({'a': jnp.ones(3)}, 2)['a'].shape
    (2, 3)
    """

    def repeat(leaf) -> Array:
        return jnp.broadcast_to(leaf, (count, *jnp.shape(leaf)))

    return jax.tree.map(repeat, tree)
