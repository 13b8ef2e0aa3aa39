"""Whether several seeds should run in one program."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mtljax.base import Dataset, MultiTask
from mtljax.data import ArraySplit
from mtljax.module import shapes
from mtljax.tracing import convolves, device_memory
from mtljax.training._check import with_rows
from mtljax.training._runner import RESIDENT_BYTES
from mtljax.training._step import train_step

_MOST_FLOPS = 5e7  # of one step; above, one seed fills the cores of a small CPU
_SHARE_OF_MEMORY = 8


def should_vmap_seeds(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    *,
    seeds: Sequence[int],
    batch_size: int,
    parallel: str = 'jit',
    patience: int | None = None,
    average_last: int | None = None,
    stream: bool | None = None,
    **options: Any,
) -> tuple[bool, str]:
    """Whether `train_seeds` should run the seeds in one program, and why.

    Not where it cannot: early stopping, tests at several steps, pmap, data that is streamed. Not
    with convolutions, which are slow where every seed has kernels of its own. On a CPU, where one
    step takes at most 50 MFLOP; on other devices, where the states of all seeds fill at most an
    eighth of the memory.

    Args:
      model: see `train_seeds`.
      dataset: see `train_seeds`.
      tx: see `train_seeds`.
      seeds: see `train_seeds`.
      batch_size: see `train_seeds`.
      parallel: see `train_seeds`.
      patience: see `train_seeds`.
      average_last: see `train_seeds`.
      stream: see `train_seeds`.
      **options: see `train_step`.

    Returns:
      The choice and its reason, for a log.

    >>> from mtljax import backbones, data, sharing, surgery
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.sum(), optax.adam(1e-2))
    >>> should_vmap_seeds(model, digits, tx, seeds=(0, 1), batch_size=16, patience=3)
    (False, 'early stopping')
    """
    split = dataset.train
    held = split.arrays if isinstance(split, ArraySplit) else None
    reasons = {
        'one seed': len(seeds) == 1,
        'early stopping': patience is not None,
        'tests at the last evaluations': average_last is not None,
        'pmap': parallel != 'jit',
        'streamed data': bool(stream) or held is None or _bytes(held) > RESIDENT_BYTES,
    }
    for reason, holds in reasons.items():
        if holds:
            return False, reason
    step = train_step(model, dataset.tasks, tx, **options)
    state = jax.eval_shape(step.init, jax.random.key(0), split.example)
    if convolves(model.apply, state.params, state.state, shapes(split.example).inputs):
        return False, 'convolutions'
    if jax.default_backend() != 'cpu':
        needed, share = len(seeds) * _bytes(state), (device_memory() or 0) / _SHARE_OF_MEMORY
        return needed <= share, f'states of {needed / 2**20:,.0f} MiB'
    batch = with_rows(shapes(split.example), batch_size)
    cost = jax.jit(step.update).lower(state, batch).cost_analysis()
    flops = cost['flops'] if cost else np.inf
    return flops <= _MOST_FLOPS, f'{flops / 1e6:,.1f} MFLOP a step'


def _bytes(tree) -> int:
    leaves = jax.tree.leaves(tree)
    return sum(leaf.size * np.dtype(leaf.dtype).itemsize for leaf in leaves if _is_plain(leaf))


def _is_plain(leaf):
    return not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
