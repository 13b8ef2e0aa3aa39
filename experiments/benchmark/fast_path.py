"""Chunks of steps on the fast path of `training.train`."""

import jax
import optax

from experiments.benchmark.timing import Contender
from mtljax import training, trees
from mtljax.base import Dataset, MultiTask
from mtljax.training._parallel import strategy_of
from mtljax.training._runner import runner, scans_well

CHUNK = 100
_NO_END = 1 << 30


def fast_path(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    batch_size: int,
    seed: int | tuple[int, ...] = 0,
) -> Contender:
    """Return a function that runs a chunk of steps, with data on the device and a scan of steps.

    Args:
      model: The model.
      dataset: The data set.
      tx: The optax chain.
      batch_size: The batch size of a step.
      seed: The seed of one training, or the seeds of several trainings in one program.
    """
    step, example = training.train_step(model, dataset.tasks, tx), dataset.train.example
    strategy = strategy_of('jit')
    several = isinstance(seed, tuple)
    keys = [jax.random.key(each) for each in (seed if isinstance(seed, tuple) else (seed,))]
    states, start = [step.init(key, example) for key in keys], 0
    advance = runner(
        jax.vmap(step.update) if several else step.update,
        dataset.train,
        strategy,
        batch_size=batch_size,
        seed=seed,
        steps=_NO_END,
        scan=scans_well(model, states[0], example),
    )
    state = strategy.replicate(trees.stack(states) if several else states[0])

    def run():
        nonlocal state, start
        state, _ = advance(state, start, start + CHUNK)
        start += CHUNK
        jax.block_until_ready(state)

    return run
