"""From single-task networks to one tower per task, with cross-stitch units."""

import jax
import jax.numpy as jnp

from mtljax.base import PyTree
from mtljax.moves._fitted import copied


def single_to_cross_stitch(single: PyTree, fresh: PyTree) -> PyTree:
    """Start the towers of a cross-stitch network from trained single-task networks.

    A tower is one task's copy of the backbone, and units mix the features of the towers. Call this
    function once for the parameters and once for the state (batch statistics, frozen stages), which
    has the same layout.

    Args:
      single: The trained parameters, or the state, of a `sharing.independent` model.
      fresh: The initial parameters, or the state, of the new model, on the same backbone and heads.
        The scheme of the new model should be `sharing.cross_stitch`, `sharing.nddr` or
        `sharing.sluice`, with the option ``start=0`` and a unit after the last stage. The units
        keep their values from this tree.

    Raises:
      ValueError: The towers or the heads of the two models differ in names or shapes.

    >>> single = {'task': {'towers': {'stage0': jnp.ones((2, 3))}, 'heads': {'a': 1.0}}}
    >>> fresh = {'shared': {'towers': {'stage0': jnp.zeros((2, 3))}, 'units': {}},
    ...          'task': {'units': {'a': 0.9}, 'heads': {'a': 0.0}}}
    >>> single_to_cross_stitch(single, fresh)['task']
    {'heads': {'a': 1.0}, 'units': {'a': 0.9}}
    """
    trained = {'towers': single['task']['towers'], 'heads': single['task']['heads']}
    places = {'towers': fresh['shared']['towers'], 'heads': fresh['task']['heads']}
    shapes = [jax.tree.map(jnp.shape, tree) for tree in (trained, places)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            'Towers and heads should have the same names and shapes in both models. '
            f'Found {shapes[0]} and {shapes[1]}.'
        )
    moved = {
        'shared': {**fresh['shared'], 'towers': trained['towers']},
        'task': {**fresh['task'], 'heads': trained['heads']},
    }
    return copied(moved)
