"""From one trunk to one tower per task, with cross-stitch units."""

from mtljax.base import PyTree
from mtljax.moves._fitted import part
from mtljax.moves._hard_to_soft import hard_to_soft
from mtljax.moves._single_to_cross_stitch import single_to_cross_stitch


def hard_to_cross_stitch(hard: PyTree, fresh: PyTree) -> PyTree:
    """Start the towers of a cross-stitch network from copies of one trained trunk.

    The trunk is the backbone that all tasks share. A tower is one task's copy of the backbone, and
    units mix the features of the towers. This function runs `hard_to_soft`, then
    `single_to_cross_stitch`. Call it once for the parameters and once for the state (batch
    statistics, frozen stages), which has the same layout.

    Args:
      hard: The trained parameters, or the state, of a `sharing.hard` model.
      fresh: The initial parameters, or the state, of the new model, on the same backbone and heads.
        The scheme of the new model should be `sharing.cross_stitch`, `sharing.nddr` or
        `sharing.sluice`, with the option ``start=0`` and a unit after the last stage. The units
        keep their values from this tree.

    Returns:
      A tree in the structure of ``fresh``.

    Raises:
      ValueError: The stages or the heads of the two models differ in names, shapes or dtypes.

    >>> import jax.numpy as jnp
    >>> hard = {'shared': {'stage0': jnp.ones(3)}, 'task': {'heads': {'a': 1.0, 'b': 2.0}}}
    >>> fresh = {'shared': {'towers': {'stage0': jnp.zeros((2, 3))}, 'units': {}},
    ...          'task': {'units': {'a': 0.9, 'b': 0.9}, 'heads': {'a': 0.0, 'b': 0.0}}}
    >>> moved = hard_to_cross_stitch(hard, fresh)
    >>> moved['shared']['towers']['stage0'].shape, moved['task']['heads']
    ((2, 3), {'a': 1.0, 'b': 2.0})
    """
    towers = part(fresh, 'shared/towers', 'cross_stitch')
    heads = part(fresh, 'task/heads', 'cross_stitch')
    single = hard_to_soft(hard, {'shared': {}, 'task': {'towers': towers, 'heads': heads}})
    return single_to_cross_stitch(single, fresh)
