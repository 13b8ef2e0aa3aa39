"""The conflicts that a `surgery.watch` measured, for the log."""

import itertools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mtljax._numeric import divide
from mtljax.base import Array
from mtljax.surgery import Angles, SurgeryState, Watched

WHOLE = 'all'  # stages together
_MOST_TASKS = 12  # of which each pair is logged


def conflicts(opt_state: Any, tasks: Sequence[str]) -> dict[str, Array]:
    """Return what the watches in the state of an optimiser measured in this step.

    Args:
      opt_state: The state.
      tasks: The names of the tasks.

    Returns:
      ``{name: scalar}``, NaN for what has no meaning or was not measured in this step. The docs of
      `analysis.conflicts` explain the names. Without a watch, the dict is empty.
    """
    leaves = jax.tree.leaves(opt_state, is_leaf=_is_watched)
    for state in leaves:
        if _is_watched(state):
            fresh = state.inner.step == 0
            values = _values(state, tasks)
            return {name: jnp.where(fresh, value, jnp.nan) for name, value in values.items()}
    return {}


def _is_watched(node: Any) -> bool:
    return isinstance(node, SurgeryState) and isinstance(node.inner, Watched)


def _values(state: SurgeryState, tasks: Sequence[str]) -> dict[str, Array]:
    seen: Watched = state.inner
    found = _angles(seen.whole, WHOLE, tasks)
    for stage, angles in seen.stages.items():
        found |= _angles(angles, stage, tasks)
    found |= {'condition': _condition(seen.whole), 'update': seen.strength}
    if state.task_weights is not None:
        found |= _weights(state.task_weights, ~jnp.isnan(seen.whole.norms), tasks)
    residuals = [jnp.max(leaf) for _, leaf in optax.tree.get_all_with_path(seen.inner, 'residual')]
    return found | ({'residual': jnp.stack(residuals).max()} if residuals else {})


def _angles(angles: Angles, stage: str, tasks: Sequence[str]) -> dict[str, Array]:
    first, second = np.triu_indices(len(tasks), 1)
    cosines = angles.cosines[first, second]
    there = ~jnp.isnan(cosines)
    norms = angles.norms[first], angles.norms[second]
    ratio = divide(jnp.minimum(*norms), jnp.maximum(*norms))
    parts = {
        'cosine': cosines,
        'conflicting': jnp.where(there, cosines < 0, jnp.nan),
        'magnitude': jnp.where(there, 2 * ratio / (1 + ratio**2), jnp.nan),
    }
    found = {f'{name}/{stage}': jnp.nanmean(part) for name, part in parts.items()}
    if len(tasks) <= _MOST_TASKS:
        pairs = [f'{one}~{other}' for one, other in itertools.combinations(tasks, 2)]
        for name in parts if stage == WHOLE else ('cosine',):
            found |= {f'{name}/{stage}/{pair}': parts[name][at] for at, pair in enumerate(pairs)}
    return found


def _condition(angles: Angles) -> Array:
    """Return the largest singular value of the gradients, divided by the smallest one.

    The smallest one is at least what float32 tells from 0.
    """
    norms = jnp.nan_to_num(angles.norms)
    units = divide(norms, norms.max())
    there = units > 0
    gramian = units[:, None] * units[None, :] * jnp.nan_to_num(angles.cosines)
    # A task without a gradient gets the eigenvalue 1, which lies between the others.
    values = jnp.linalg.eigvalsh(gramian + jnp.diag(~there))
    largest = values.max()
    least = len(norms) * jnp.finfo(values.dtype).eps * largest
    ratio = jnp.sqrt(largest / jnp.maximum(values.min(), least))
    return jnp.where(there.any(), ratio, jnp.nan)


def _weights(weights: Array, active: Array, tasks: Sequence[str]) -> dict[str, Array]:
    sizes = jnp.where(active, jnp.abs(weights), 0)
    shares = divide(sizes, sizes.sum())
    entropy = -jnp.sum(jnp.where(shares > 0, shares * jnp.log(jnp.where(shares > 0, shares, 1)), 0))
    most = jnp.log(jnp.maximum(active.sum(), 2))
    found = {'weight_entropy': entropy / most}
    if len(tasks) > _MOST_TASKS:
        return found
    return found | {f'task_weight/{task}': weights[at] for at, task in enumerate(tasks)}
