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
    leaf (https://arxiv.org/abs/2212.05055). Gates stay fresh. Without noise the predictions do not
    change, for any gates whose weights sum to 1. But experts that are equal give their gates no
    gradient, and their own gradients differ only by the weights of the fresh gates. A little noise,
    such as 0.1, lets the experts differ. Parameters and state (batch statistics, frozen stages)
    have the same layout: move both, the state without noise. Frozen experts stay equal.

    Start the optimiser again, with ``tx.init`` of the new parameters: moments do not move. The
    gradient of an expert is that of the trunk times the weight of its gate. A second moment up to
    ``E^2`` times too large would slow the experts as long as the optimiser remembers it.

    Args:
      hard: The parameters, or the state, of `sharing.hard`.
      fresh: The fresh parameters, or the fresh state, of `sharing.mmoe`, `omoe` or `dselect_k` on
        the same backbone and heads. Its gates are kept. All tasks still share the stages before
        ``start``; each task gets a copy of the stages from ``stop`` on.
      key: The random key of the noise.
      noise: The standard deviation of the noise, relative to the root mean square of each leaf.

    Raises:
      ValueError: Stages or heads differ in names, shapes or dtypes; noise is negative, or has no
        key.

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
    expert = {f'stage{at - start}': trunk[f'stage{at}'] for at in range(start, stop)}
    stacked = copies(expert, _count(experts))
    stacked = _perturbed(stacked, key, noise) if noisy else stacked
    before = {f'stage{at}': trunk[f'stage{at}'] for at in range(start)}
    tail = [trunk[f'stage{at}'] for at in range(stop, size)]
    ends = {task: _after(tail, head) for task, head in heads.items()}
    moved = {
        'shared': {**common, **before, 'experts': stacked},
        'task': {**fresh['task'], 'heads': ends},
    }
    return fitted(moved, fresh)


def _check_noise(noise: Any, key: Key | None) -> bool:
    """Whether there is noise. Arrays and tracers always count as noise."""
    if isinstance(noise, int | float | np.number):
        if not (np.isfinite(noise) and noise >= 0):
            raise ValueError(f'noise should be a finite number >= 0. Found noise = {noise}.')
        if noise == 0:
            return False
    if key is None:
        raise ValueError(f'key should be a random key. Found noise = {noise}, key = None.')
    return True


def _count(experts: PyTree) -> int:
    return next((leaf.shape[0] for leaf in jax.tree.leaves(experts)), 1)


def _after(tail: list[PyTree], head: PyTree) -> PyTree:
    """A head after its copy of the last stages, with the layout of `module.serial`."""
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
