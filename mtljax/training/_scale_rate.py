"""A different learning rate for some parameters."""

from collections.abc import Sequence
from typing import Any

import jax
import optax

from mtljax import trees
from mtljax.options import check_option


def scale_rate(names: str | Sequence[str], multiple: Any) -> optax.GradientTransformation:
    """Multiply the updates of chosen parameters, which changes their learning rate.

    Put this transform at the end of an optax chain.

    Args:
      names: One name or several names. A parameter is chosen if its path contains the name at any
        depth. For example, ``'units'`` chooses ``shared/units/stage0`` and ``task/units/a``.
      multiple: The factor by which the updates are multiplied.

    Raises:
      ValueError: ``multiple`` is not a finite number. ``init`` also raises this error if a name
        does not choose any parameter.

    >>> import jax.numpy as jnp
    >>> tx = optax.chain(optax.sgd(0.1), scale_rate('units', 100))
    >>> params = {'units': {'a': jnp.ones(())}, 'towers': jnp.ones(())}
    >>> updates, _ = tx.update(params, tx.init(params), params)
    >>> updates['units']['a'].item(), updates['towers'].item()
    (-10.0, -0.1...)
    """
    check_option('multiple', multiple, 'a finite number')
    wanted = {names} if isinstance(names, str) else set(names)

    def marks(tree):
        return trees.select(tree, lambda path: not wanted.isdisjoint(path.split('/')))

    def init(params):
        paths = jax.tree_util.tree_leaves_with_path(params)
        parts = {part for path, _ in paths for part in _parts(path)}
        if not wanted <= parts:
            raise ValueError(f'scale_rate: no parameter lies under {sorted(wanted - parts)}.')
        return optax.EmptyState()

    def update(updates, state, params=None):
        def scaled(leaf, mark):
            return (leaf * multiple).astype(leaf.dtype) if mark else leaf

        return jax.tree.map(scaled, updates, marks(updates)), state

    return optax.GradientTransformation(init, update)


def _parts(path):
    return jax.tree_util.keystr(path, simple=True, separator='/').split('/')
