"""From one trunk to several experts."""

from typing import Any

import jax
import jax.numpy as jnp

from mtljax.base import Array, Key, PyTree
from mtljax.moves._fitted import check_stages, fitted, part
from mtljax.moves._hard_to_soft import copies
from mtljax.options import check_not_negative


def hard_to_mmoe(
    hard: PyTree, fresh: PyTree, key: Key | None = None, *, noise: Any = 0.0
) -> PyTree:
    """Start the experts of a model from copies of one trained trunk (sparse upcycling).

    The trunk is the backbone that all tasks share. An expert is a copy of the trunk, and a gate
    weights the experts for one task. Expert e becomes ``trunk + noise rms(trunk) n_e``, where
    ``n_e ~ N(0, I)`` is random noise, and rms is the root mean square of each leaf. The gates keep
    the initial parameters of the new model. The method is from Komatsuzaki et al., ICLR 2023,
    https://arxiv.org/abs/2212.05055. In this paper, each example uses only some of the experts.
    Here, each example uses all experts.

    Without noise, the predictions do not change if the weights of each gate sum to 1. However, if
    all experts are equal, the gates get no gradient, and the gradients of the experts differ only
    by a factor. A little noise, such as 0.1, lets the experts become different.

    Call this function once for the parameters, and once without noise for the state (batch
    statistics, frozen stages), which has the same layout. Frozen experts get no noise, and so they
    stay equal.

    Initialise the optimiser again, by ``tx.init`` of the new parameters. The moments that an
    optimiser such as Adam has stored for the old parameters do not fit. An expert gets the gradient
    of the trunk times the weight that the gate gives it, and so its gradient is smaller. For E
    experts, the second moment of the trunk could be up to ``E^2`` times too large. It would slow
    down the experts for as long as the optimiser remembers it.

    Args:
      hard: The trained parameters, or the state, of a `sharing.hard` model.
      fresh: The initial parameters, or the state, of the new model, on the same backbone and heads.
        The scheme of the new model should be `sharing.mmoe`, `sharing.omoe` or `sharing.dselect_k`.
        With the option ``start`` of the scheme, all tasks still share the stages before ``start``.
        With its option ``stop``, every task gets a copy of the stages from ``stop`` on.
      key: The random key of the noise. It is required if ``noise`` is not 0.
      noise: The standard deviation of the noise, relative to the root mean square of each leaf.

    Raises:
      ValueError: The stages or the heads of the two models differ in names, shapes or dtypes, or
        ``noise`` is negative, or ``noise`` is not 0 but there is no key.

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
    check_not_negative('noise', noise)
    if not isinstance(noise, jax.Array) and noise == 0:
        return False
    if key is None:
        raise ValueError(f'key should be a random key. Found noise = {noise}, key = None.')
    return True


def _count(experts: PyTree) -> int:
    return next((leaf.shape[0] for leaf in jax.tree.leaves(experts)), 1)


def _after(tail: list[PyTree], head: PyTree) -> PyTree:
    """A head behind its copy of the last stages, with the layout of `module.serial`."""
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
