"""From one trunk to a tower per task."""

import jax
import jax.numpy as jnp

from mtljax.base import Array, PyTree
from mtljax.moves._fitted import check_stages, fitted, part


def hard_to_soft(hard: PyTree, fresh: PyTree) -> PyTree:
    """Give every task a tower of its own: a copy of the trunk that all tasks trained.

    ``tower_t = trunk`` for every t, so that the predictions stay what they are. Parameters and
    state (batch statistics, frozen stages) are laid out alike: move both.

    An optimiser starts anew, ``tx.init`` of the new parameters: moments do not move. Those of the
    trunk are of the sum of all tasks' gradients, and a tower's gradient is one task's; a second
    moment up to ``T^2`` times too large would slow the towers for as long as it is remembered.

    Args:
      hard: parameters, or the state, of `sharing.hard`.
      fresh: the same of `sharing.soft` or `sharing.independent` on the same backbone and heads;
        only its structure and shapes matter.

    Raises:
      ValueError: stages or heads differ in names, shapes or dtypes.

    >>> hard = {'shared': {'stage0': jnp.ones(3)}, 'task': {'heads': {'a': 1.0, 'b': 2.0}}}
    >>> fresh = {'shared': {}, 'task': {'towers': {'stage0': jnp.zeros((2, 3))},
    ...                                 'heads': {'a': 0.0, 'b': 0.0}}}
    >>> hard_to_soft(hard, fresh)['task']['towers']['stage0'].shape
    (2, 3)
    """
    trunk, heads = part(hard, 'shared', 'hard'), part(hard, 'task/heads', 'hard')
    common, towers = part(fresh, 'shared', 'soft'), part(fresh, 'task/towers', 'soft')
    check_stages(trunk, {**common, **towers})
    own = {name: copies(trunk[name], len(heads)) for name in towers}
    moved = {
        'shared': {name: trunk[name] for name in common},
        'task': {'towers': own, 'heads': heads},
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
