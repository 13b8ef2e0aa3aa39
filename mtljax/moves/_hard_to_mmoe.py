"""From one trunk to experts."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mtljax.base import Array, Key, PyTree
from mtljax.moves._fitted import check_stages, fitted, part
from mtljax.moves._hard_to_soft import copies


def hard_to_mmoe(
    hard: PyTree, fresh: PyTree, key: Key | None = None, *, noise: Any = 0.0
) -> PyTree:
    """Make experts of the trunk: sparse upcycling (Komatsuzaki et al., ICLR 2023) without sparsity.

    ``expert_e = trunk + noise rms(trunk) n_e``, ``n_e ~ N(0, I)`` and the root mean square of each
    leaf (https://arxiv.org/abs/2212.05055); gates stay fresh. Without noise the predictions stay
    what they are, for any gates whose weights sum to 1. But experts that are equal give their gates
    no gradient, and differ only by the weights that fresh gates happen to give them: a little
    noise, such as 0.1, lets them part. Parameters and state (batch statistics, frozen stages) are
    laid out alike: move both, the state without noise. Frozen experts stay equal.

    An optimiser starts anew, ``tx.init`` of the new parameters: moments do not move. An expert's
    gradient is the trunk's times the weight of its gate, and a second moment up to ``E^2`` times
    too large would slow the experts for as long as it is remembered.

    Args:
      hard: parameters, or the state, of `sharing.hard`.
      fresh: the same of `sharing.mmoe`, `omoe` or `dselect_k` on the same backbone and heads, whose
        gates stay; stages before ``start`` stay common, and those from ``stop`` on become every
        task's own, copies too.
      key: for the noise.
      noise: relative to the root mean square of each leaf.

    Raises:
      ValueError: stages or heads differ in names, shapes or dtypes; a negative noise, or noise
        without a key.

    >>> hard = {'shared': {'stage0': jnp.ones(3)}, 'task': {'heads': {'a': 1.0}}}
    >>> fresh = {'shared': {'experts': {'stage0': jnp.zeros((4, 3))}},
    ...          'task': {'gates': {'a': 0.5}, 'heads': {'a': 0.0}}}
    >>> moved = hard_to_mmoe(hard, fresh)
    >>> moved['shared']['experts']['stage0'].shape, moved['task']
    ((4, 3), {'gates': {'a': 0.5}, 'heads': {'a': 1.0}})
    """
    noisy = _check_noise(noise, key)
    trunk, heads = part(hard, 'shared', 'hard'), part(hard, 'task/heads', 'hard')
    common, experts = part(fresh, 'shared', 'mmoe'), part(fresh, 'shared/experts', 'mmoe')
    start = sum(name.startswith('stage') for name in common)
    stop, size = start + len(experts), len(trunk)
    check_stages(trunk, [f'stage{at}' for at in range(max(stop, size))])
    own = {f'stage{at - start}': trunk[f'stage{at}'] for at in range(start, stop)}
    stacked = copies(own, _count(experts))
    stacked = _perturbed(stacked, key, noise) if noisy else stacked
    kept = {f'stage{at}': trunk[f'stage{at}'] for at in range(start)}
    tail = [trunk[f'stage{at}'] for at in range(stop, size)]
    ends = {task: _behind(tail, head) for task, head in heads.items()}
    moved = {
        'shared': {**common, **kept, 'experts': stacked},
        'task': {**fresh['task'], 'heads': ends},
    }
    return fitted(moved, fresh)


def _check_noise(noise: Any, key: Key | None) -> bool:
    """Whether there is noise; arrays and tracers always count as some."""
    if isinstance(noise, int | float | np.number):
        if not (np.isfinite(noise) and noise >= 0):
            raise ValueError(f'noise should be a finite number >= 0. Found noise = {noise}.')
        if noise == 0:
            return False
    if key is None:
        raise ValueError(f'Noise needs key=jax.random.key(...). Found noise = {noise}, key = None.')
    return True


def _count(experts: PyTree) -> int:
    return next((leaf.shape[0] for leaf in jax.tree.leaves(experts)), 1)


def _behind(tail: list[PyTree], head: PyTree) -> PyTree:
    """A head that begins with stages of its own, as `module.serial` lays it out."""
    return {f'stage{at}': tree for at, tree in enumerate([*tail, head])} if tail else head


def _perturbed(tree: PyTree, key: Any, noise: Any) -> PyTree:
    leaves, treedef = jax.tree.flatten(tree)
    keys = jax.random.split(key, len(leaves))
    return treedef.unflatten(_noisy(v, k, noise) for v, k in zip(leaves, keys, strict=True))


def _noisy(leaf: Array, key: Any, noise: Any) -> Array:
    if not jnp.issubdtype(leaf.dtype, jnp.floating):
        return leaf
    wide = leaf.astype(jnp.float32)
    drawn = jax.random.normal(key, leaf.shape) * jnp.sqrt(jnp.mean(wide**2))
    return (wide + noise * drawn).astype(leaf.dtype)
