"""From networks trained alone to cross-stitched towers."""

import jax
import jax.numpy as jnp

from mtljax.base import PyTree
from mtljax.moves._fitted import owned


def single_to_cross_stitch(single: PyTree, fresh: PyTree) -> PyTree:
    """Start cross-stitched towers from networks that were trained alone.

    Parameters and state (batch statistics, frozen stages) are laid out alike: move both.

    Args:
      single: parameters, or the state, of `sharing.independent`.
      fresh: the same of `sharing.cross_stitch`, `nddr` or `sluice` on the same backbone and heads,
        with ``start=0`` and a unit after the last stage; its units stay.

    Raises:
      ValueError: towers or heads differ in names or shapes.

    >>> single = {'task': {'towers': {'stage0': jnp.ones((2, 3))}, 'heads': {'a': 1.0}}}
    >>> fresh = {'shared': {'towers': {'stage0': jnp.zeros((2, 3))}, 'units': {}},
    ...          'task': {'units': {'a': 0.9}, 'heads': {'a': 0.0}}}
    >>> single_to_cross_stitch(single, fresh)['task']
    {'heads': {'a': 1.0}, 'units': {'a': 0.9}}
    """
    found = {'towers': single['task']['towers'], 'heads': single['task']['heads']}
    wanted = {'towers': fresh['shared']['towers'], 'heads': fresh['task']['heads']}
    shapes = [jax.tree.map(jnp.shape, tree) for tree in (found, wanted)]
    if shapes[0] != shapes[1]:
        raise ValueError(f'Towers and heads should agree. Found {shapes[0]} and {shapes[1]}.')
    moved = {
        'shared': {**fresh['shared'], 'towers': found['towers']},
        'task': {**fresh['task'], 'heads': found['heads']},
    }
    return owned(moved)
