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
from mtljax.options import check_seeds
from mtljax.tracing import convolves, device_memory
from mtljax.training._check import with_rows
from mtljax.training._options import Options
from mtljax.training._runner import RESIDENT_BYTES

_MOST_FLOPS = 5e7  # of one step; above, one seed fills the cores of a small CPU
_SHARE_OF_MEMORY = 8


def should_vmap_seeds(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    options: Options | None = None,
    *,
    seeds: Sequence[int],
    **keywords: Any,
) -> tuple[bool, str]:
    """Decide whether `train_seeds` should train all seeds in one program, and say why.

    Pass the decision to `train_seeds` as ``together``. It is False in these cases, and otherwise
    True:

    - There is only one seed.
    - An option does not work with one program for all seeds: ``patience`` (early stopping),
      ``average_last``, ``parallel='pmap'`` or streamed data.
    - The model has convolutions, which are slow if every seed has its own kernels.
    - On a CPU, one step of one seed takes more than 50 MFLOP.
    - On other devices, the training states of all seeds need more than one eighth of the memory.

    Args:
      model: A multi-task model, made by a sharing scheme from a backbone and ``dataset.heads``.
      dataset: The data set, with its tasks and its training, validation and test splits.
      tx: An optax chain that begins with a surgery, such as
        ``surgery.on_shared(surgery.pcgrad())``.
      options: An `Options` object. You can pass its fields as keywords instead.
      seeds: The seeds. Each seed is one training run.
      **keywords: Fields of `Options`. You can leave out ``steps``, because it does not matter here.

    Returns:
      The decision, True or False, and a short text with its reason.

    >>> from mtljax import backbones, data, sharing, surgery
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.sum(), optax.adam(1e-2))
    >>> should_vmap_seeds(model, digits, tx, seeds=(0, 1), batch_size=16, patience=3)
    (False, 'early stopping')
    """
    check_seeds(seeds)
    options = Options.of(options, **(keywords if options else {'steps': 1, **keywords}))
    reason = _excluded(dataset, options, seeds)
    if reason is not None:
        return False, reason
    step = options.step(model, dataset.tasks, tx)
    example = dataset.train.example
    state = jax.eval_shape(step.init, jax.random.key(0), example)
    if convolves(model.apply, state.params, state.state, shapes(example).inputs):
        return False, 'convolutions'
    if jax.default_backend() != 'cpu':
        needed, share = len(seeds) * _bytes(state), (device_memory() or 0) / _SHARE_OF_MEMORY
        return needed <= share, f'states of {needed / 2**20:,.0f} MiB'
    batch = with_rows(shapes(example), options.batch_size)
    cost = jax.jit(step.update).lower(state, batch).cost_analysis()
    flops = cost['flops'] if cost else np.inf
    return flops <= _MOST_FLOPS, f'{flops / 1e6:,.1f} MFLOP a step'


def _excluded(dataset: Dataset, options: Options, seeds: Sequence[int]) -> str | None:
    """Return the reason why the seeds cannot run in one program, or None."""
    split = dataset.train
    held = split.arrays if isinstance(split, ArraySplit) else None
    streams = bool(options.stream) or held is None or _bytes(held) > RESIDENT_BYTES
    reasons = {
        'one seed': len(seeds) == 1,
        'early stopping': options.patience is not None,
        'tests at the last evaluations': options.average_last is not None,
        'pmap': options.parallel != 'jit',
        'streamed data': streams,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _bytes(tree) -> int:
    leaves = jax.tree.leaves(tree)
    return sum(leaf.size * np.dtype(leaf.dtype).itemsize for leaf in leaves if _is_plain(leaf))


def _is_plain(leaf):
    return not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
