"""Tasks whose groups and whose conflict are known, on a network of eight stages."""

import itertools
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
import optax
from flax import linen

from mtljax import data, metrics
from mtljax.base import Dataset, Module, Task
from mtljax.module import from_linen
from mtljax.options import check_count, check_seed

STAGES, _INPUTS, _LATENT = 8, 6, 2
GROUPS: Mapping[str, tuple[str, ...]] = {
    'a': ('a1', 'a2', 'a3'),
    'b': ('b1', 'b2', 'b3'),
    'unrelated': ('c',),
}
_CONFLICT, _COMMON, _NOISE = 1.5, 1.2, 0.2


class _Stage(linen.Module):
    """Add a function of one block of the inputs to the sum of the stages before."""

    index: int
    width: int

    @linen.compact
    def __call__(self, x, train: bool = False):
        blocks = x[:, -STAGES * _INPUTS :]
        own = blocks[:, self.index * _INPUTS : (self.index + 1) * _INPUTS]
        total = linen.tanh(linen.Dense(self.width)(own))
        if self.index:
            total = total + x[:, : self.width]
        is_last = self.index == STAGES - 1
        return total if is_last else jnp.concatenate([total, blocks], axis=1)


class _Linear(linen.Module):
    """A linear head that begins at 0, so that all heads of a group agree on the signs."""

    @linen.compact
    def __call__(self, x, train: bool = False):
        return linen.Dense(1, kernel_init=linen.initializers.zeros)(x)[:, 0]


def backbone(*, width: int) -> tuple[Module, ...]:
    """Build eight stages; each reads its own block of the inputs.

    Args:
      width: The number of features.
    """
    check_count('width', width, 1)
    return tuple(from_linen(_Stage(index, width)) for index in range(STAGES))


def stage_of(seed: int) -> int:
    """Return the number of stages before the conflict of a seed, from 1 to 6."""
    return 1 + seed % (STAGES - 2)


def planted(*, seed: int, train: int, validation: int, test: int) -> Dataset:
    """Generate seven tasks: two groups of three that disagree at one stage, and an unrelated one.

    The inputs are eight blocks ``x_s``. The label of a task with the vector h is
    ``h . sum_s f_s(x_s)``, scaled to variance 1, plus noise that all its relatives share, plus
    noise of its own. All elements of h are positive. The tasks of group b have the opposite sign of
    ``f_s`` at one stage. The unrelated task has other functions ``f_s``.

    Args:
      seed: The seed of the tasks and of the stage where they disagree; see `stage_of`.
      train: The number of training examples.
      validation: The number of validation examples.
      test: The number of test examples.
    """
    check_seed('seed', seed)
    sizes = (train, validation, test)
    for name, size in zip(('train', 'validation', 'test'), sizes, strict=True):
        check_count(name, size, 1)
    rng, at, count = np.random.default_rng([seed, 1]), stage_of(seed), sum(sizes)
    x = rng.normal(size=(count, STAGES, _INPUTS))
    related, other = _features(rng, x), _features(rng, x)
    common = rng.normal(size=(2, count))
    labels = {}
    for group, tasks in GROUPS.items():
        for task in tasks:
            signs = np.ones(STAGES)
            signs[at] = -_CONFLICT if group == 'b' else _CONFLICT
            terms = other if group == 'unrelated' else related
            vector = rng.uniform(0.5, 1.5, _LATENT)
            if group == 'unrelated':
                vector[1:] = 0
            signal = np.einsum('nsl,s,l->n', terms, signs, vector)
            noise = _COMMON * common[int(group == 'unrelated')] + _NOISE * rng.normal(size=count)
            labels[task] = (signal / signal.std() + noise).astype(np.float32)
    task = Task(from_linen(_Linear()), optax.squared_error, {'rmse': metrics.rmse()})
    bounds = np.cumsum([0, *sizes])
    flat = x.reshape(count, -1).astype(np.float32)
    splits = [
        data.array_split(flat[start:stop], {name: y[start:stop] for name, y in labels.items()})
        for start, stop in itertools.pairwise(bounds)
    ]
    return Dataset(dict.fromkeys(labels, task), *splits)


def _features(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Return a random function of each block, ``[N, stages, 2]``."""
    weights = rng.normal(size=(STAGES, _INPUTS, _LATENT)) * 1.5 / np.sqrt(_INPUTS)
    return np.tanh(np.einsum('nsd,sdl->nsl', x, weights))
