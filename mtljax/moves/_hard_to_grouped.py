"""From one trunk to groups of tasks."""

import jax

from mtljax.base import PyTree
from mtljax.moves._fitted import check_stages, fitted, part
from mtljax.moves._hard_to_branched import heads_behind
from mtljax.moves._hard_to_soft import copies


def hard_to_grouped(hard: PyTree, fresh: PyTree) -> PyTree:
    """Start the stages of every group of tasks from a copy of one trained trunk.

    All copies start equal, so the predictions do not change. Call this function once for the
    parameters and once for the state (batch statistics, frozen stages), which has the same layout.

    Initialise the optimiser again, by ``tx.init`` of the new parameters. The moments of the trunk
    belong to the sum of the gradients of all tasks, but the copy of a group gets the gradients of
    its own tasks only.

    Args:
      hard: The trained parameters, or the state, of a `sharing.hard` model.
      fresh: The initial parameters, or the state, of a `sharing.grouped` model on the same backbone
        and heads. Only the structure and the shapes of this tree matter.

    Raises:
      ValueError: The stages or the heads of the two models differ in names, shapes or dtypes.

    >>> import jax.numpy as jnp
    >>> hard = {'shared': {'stage0': jnp.ones(3)}, 'task': {'heads': {'a': 1.0, 'b': 2.0}}}
    >>> fresh = {'shared': {'groups': {'stage0': jnp.zeros((1, 3))}},
    ...          'task': {'heads': {'a': 0.0, 'b': 0.0}}}
    >>> hard_to_grouped(hard, fresh)['shared']['groups']['stage0'].shape
    (1, 3)
    """
    trunk, common = part(hard, 'shared', 'hard'), dict(part(fresh, 'shared', 'grouped'))
    groups = common.pop('groups', {})
    check_stages(trunk, {**trunk, **common, **groups})
    count = next((len(leaf) for leaf in jax.tree.leaves(groups)), 1)
    shared = {name: trunk[name] for name in common}
    if groups:
        shared['groups'] = {name: copies(trunk[name], count) for name in groups}
    moved = {'shared': shared, 'task': {'heads': heads_behind(trunk, hard, fresh, 'grouped')}}
    return fitted(moved, fresh)
