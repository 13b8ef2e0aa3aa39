"""Training that starts from the parameters of another run."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mtljax import trees
from mtljax.base import PyTree, TrainState
from mtljax.training._checks import name_of
from mtljax.training._restart import restart
from mtljax.training._saved import Saved, read_saved

_log = logging.getLogger(__name__)
_OF_NO_TASK = ('shared/stage', 'shared/experts', 'shared/gate/')  # the layout of mtljax.sharing


def warm_start(
    start: TrainState,
    tasks: Sequence[str],
    tx: optax.GradientTransformation,
    source: str | Path | Saved,
    where: trees.Where = None,
) -> TrainState:
    """Replace the first parameters of a training by those of another run, where they fit.

    Args:
      start: The first state of the training.
      tasks: The names of its tasks.
      tx: Its optax chain.
      source: The folder of the other run, or what `load` returned.
      where: The parameters to take, by their paths such as ``'shared/stage0'``. None means all that
        fit.

    Raises:
      ValueError: No parameter fits.
    """
    saved = source if isinstance(source, Saved) else read_saved(source)
    chosen = trees.select(start.params, where)
    same = tuple(tasks) == tuple(saved.tasks)
    both = set(tasks) & set(saved.tasks)

    def may_take(path: str) -> bool:
        """Arrays of several tasks at once fit only if the tasks are the same."""
        return (
            same
            or where is not None
            or path.startswith(_OF_NO_TASK)
            or bool(both & set(path.split('/')))
        )

    params, taken, new = _grafted(start.params, saved.params, chosen, may_take)
    if not taken:
        raise ValueError(
            f'init_from should hold parameters that fit the model. Found none in {_name(source)}. '
            'Use the same backbone, or leave init_from out.'
        )
    everything = jax.tree.map(lambda _: True, start.state)
    state, _, _ = _grafted(start.state, saved.state, everything, may_take)
    _log.warning(
        'The training starts from %s. Taken: %s. New: %s.',
        _name(source),
        ', '.join(taken),
        ', '.join(new) or 'nothing',
    )
    return restart(start, tx, params, state)


def _grafted(
    tree: PyTree, source: PyTree, chosen: PyTree, may_take: Any
) -> tuple[PyTree, list[str], list[str]]:
    """Return the tree with leaves of the source, and the subtrees that are taken and new."""
    there = {name_of(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(source)}
    taken, new = dict[str, None](), dict[str, None]()

    def leaf_of(path, leaf, wanted):
        name = name_of(path)
        found = there.get(name)
        fits = found is not None and (np.shape(found), found.dtype) == (leaf.shape, leaf.dtype)
        if wanted and fits and may_take(name):
            taken[_subtree(name)] = None
            return jnp.asarray(found)
        new[_subtree(name)] = None
        return leaf

    grafted = jax.tree_util.tree_map_with_path(leaf_of, tree, chosen)
    return grafted, list(taken), list(new)


def _subtree(path: str) -> str:
    parts = path.split('/')
    return '/'.join(parts[:3] if parts[0] == 'task' else parts[:2])


def _name(source: Any) -> str:
    return 'the given parameters' if isinstance(source, Saved) else str(source)
