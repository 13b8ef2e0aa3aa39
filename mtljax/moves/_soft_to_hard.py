"""From a tower per task to one trunk."""

import jax
import jax.numpy as jnp

from mtljax.base import Array, PyTree
from mtljax.moves._fitted import check_stages, fitted, part


def soft_to_hard(soft: PyTree, fresh: PyTree) -> PyTree:
    """Put one trunk in the place of the towers: their average.

    ``trunk = sum_t tower_t / T``, heads as they are. Towers that are equal keep their predictions,
    towers that a penalty held near one another nearly so; those that were trained apart do not, for
    their units are in no common order. Parameters and state (batch statistics, frozen stages) are
    laid out alike: move both. Running means and variances are averaged too, whole numbers are those
    of the first tower.

    An optimiser starts anew, ``tx.init`` of the new parameters: moments do not move, for the
    trunk's gradient is the sum over the tasks, and that of squares is not the square of a sum.

    Args:
      soft: parameters, or the state, of `sharing.soft` or `sharing.independent`.
      fresh: the same of `sharing.hard` on the same backbone and heads; only its structure and
        shapes matter.

    Raises:
      ValueError: stages or heads differ in names, shapes or dtypes.

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
