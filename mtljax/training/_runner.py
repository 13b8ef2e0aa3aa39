"""Functions that run many steps: with the data on the device, or streamed to it."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from mtljax.base import Batch, MultiTask, Split, TrainState
from mtljax.data import ArraySplit, batch_indices
from mtljax.tracing import convolves
from mtljax.training._calls import Interrupted, calls
from mtljax.training._parallel import Strategy

Infos = Any
"""The info of each step, ``{name: {task: [steps]}}``, on the host."""

Runner = Callable[[TrainState, int, int], tuple[TrainState, Infos]]
"""``(state, start, stop) -> (state, infos)`` runs the steps ``start`` to ``stop - 1``.

After a KeyboardInterrupt, it finishes these steps and raises `Interrupted`.
"""

RESIDENT_BYTES = 1 << 30


def runner(
    update: Callable[[TrainState, Batch], tuple[TrainState, Any]],
    split: Split,
    strategy: Strategy,
    *,
    batch_size: int,
    seed: int | Sequence[int],
    steps: int,
    scan: bool,
    stream: bool | None = None,
    workers: int = 4,
) -> Runner:
    """Build a runner: a function that runs steps on batches of a split.

    Args:
      update: The function ``update`` of a `TrainStep`.
      split: The training examples.
      strategy: The strategy for several devices.
      batch_size: The number of examples per step, over all devices.
      seed: The seed of the order of the examples. With several seeds, states and batches have a
        first axis of seeds.
      steps: The total number of steps.
      scan: Whether a chunk of steps is one ``lax.scan``. This needs data on the device.
      stream: Whether the data is streamed. When None, data is streamed if it is larger than 1 GiB
        or not in memory.
      workers: The number of threads that read streamed batches in advance, two batches per thread.

    Raises:
      ValueError: The split is not in memory, but ``stream`` is False or there are several seeds.

    >>> from mtljax import data
    >>> from mtljax.training._parallel import strategy_of
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> count = lambda state, batch: (state + 1, {'loss': {'mean': batch.inputs.mean()}})
    >>> options = {'batch_size': 16, 'seed': 0, 'steps': 10, 'scan': True}
    >>> run = runner(count, digits.train, strategy_of('jit'), **options)
    >>> state, infos = run(jax.numpy.zeros(()), 0, 5)
    >>> state.item(), infos['loss']['mean'].shape
    (5.0, (5,))
    """
    held = isinstance(split, ArraySplit)
    if stream is None:
        leaves = jax.tree.leaves(split.arrays) if isinstance(split, ArraySplit) else []
        stream = not held or sum(leaf.nbytes for leaf in leaves) > RESIDENT_BYTES
    if stream and not isinstance(seed, Sequence):
        return _streaming(update, split, strategy, batch_size, seed, steps, workers)
    if not isinstance(split, ArraySplit):
        raise ValueError(
            'The training split should be a data.ArraySplit, in memory, for stream=False and for '
            f'several seeds. Found {type(split).__name__}. Use stream=True and one seed.'
        )
    return _resident(update, split, strategy, batch_size, seed, scan)


def scans_well(model: MultiTask, state: TrainState, batch: Batch) -> bool:
    """Return whether a scan of steps is faster than single steps; convolutions on a CPU are not.

    Args:
      model: The multi-task model.
      state: The training state, which holds the parameters and the state of the model.
      batch: A batch, or its shapes.

    >>> import optax
    >>> from mtljax import backbones, data, sharing, surgery, training
    >>> digits = data.digits(train=4, validation=2, test=2)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.sum(), optax.sgd(0.1))
    >>> state = training.train_step(model, digits.tasks, tx).init(
    ...     jax.random.key(0), digits.train.example
    ... )
    >>> scans_well(model, state, digits.train.example)
    True
    """
    if jax.default_backend() != 'cpu':
        return True
    return not convolves(model.apply, state.params, state.state, batch.inputs)


def _resident(update, split: ArraySplit, strategy: Strategy, batch_size, seed, scan) -> Runner:
    data = strategy.replicate(split.arrays)

    def order(start, stop):
        if not isinstance(seed, Sequence):
            return batch_indices(split.size, batch_size, seed, start, stop)
        rows = [batch_indices(split.size, batch_size, one, start, stop) for one in seed]
        return np.stack(rows, axis=1)

    def one(state, data, rows):
        return update(state, jax.tree.map(lambda leaf: leaf[rows], data))

    def many(state, data, rows):
        return jax.lax.scan(lambda state, row: one(state, data, row), state, rows)

    compiled = strategy.compile(many if scan else one)

    def run(state, start, stop):
        rows = order(start, stop)
        parts = [rows] if scan else rows

        def arguments(index):
            return data, strategy.shard(parts[index], axis=parts[index].ndim - 1)

        state, infos, interrupted = calls(compiled, state, arguments, len(parts))
        host = jax.device_get(strategy.fetch(infos[0])) if scan else _stacked(infos, strategy)
        return _ended(state, host, interrupted)

    return run


def _streaming(
    update, split: Split, strategy: Strategy, batch_size, seed, steps, workers
) -> Runner:
    compiled = strategy.compile(update)
    batches = iter(())
    expected = -1

    def run(state, start, stop):
        def arguments(index):
            nonlocal batches, expected
            if start + index != expected:
                batches = iter(_prefetched(split, batch_size, seed, start + index, steps, workers))
            expected = -1  # an interrupt in the next line may lose a batch
            batch = strategy.shard(next(batches))
            expected = start + index + 1
            return (batch,)

        state, infos, interrupted = calls(compiled, state, arguments, stop - start)
        return _ended(state, _stacked(infos, strategy), interrupted)

    return run


class _Batches:
    """The batches of the steps ``start`` to ``steps - 1``, by random access."""

    def __init__(self, split: Split, batch_size: int, seed: int, start: int, steps: int):
        self._split, self._batch_size, self._seed = split, batch_size, seed
        self._start, self._steps = start, steps

    def __len__(self):
        return self._steps - self._start

    def __getitem__(self, index):
        step = self._start + int(index)
        order = getattr(self._split, 'order', None)  # a split of a user may have none
        rows = batch_indices(self._split.size, self._batch_size, self._seed, step, step + 1, order)
        return self._split.take(rows[0])


def _prefetched(split, batch_size, seed, start, steps, workers):
    import grain  # slow to import

    source = grain.MapDataset.source(_Batches(split, batch_size, seed, start, steps))
    options = grain.ReadOptions(num_threads=workers, prefetch_buffer_size=2 * workers)
    return source.to_iter_dataset(options)


def _ended(state, infos, interrupted: bool):
    if interrupted:
        raise Interrupted(state, infos)
    return state, infos


def _stacked(infos, strategy: Strategy):
    host = jax.device_get([strategy.fetch(info) for info in infos])
    return jax.tree.map(lambda *leaves: np.stack(leaves), *host)
