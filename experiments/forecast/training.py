"""Train networks at many origins at once."""

import dataclasses
from collections.abc import Callable, Sequence

import jax
import numpy as np
from ml_collections import ConfigDict

from experiments import build
from experiments.forecast.windows import everything
from experiments.program import UsageError
from mtljax import trees
from mtljax.base import Dataset


def at_origins(
    config: ConfigDict, origins: Sequence[str], dataset: Callable[[ConfigDict], Dataset]
) -> list[Dataset]:
    """Return the data that is known at each origin.

    Raises:
      UsageError: The numbers of training days differ between origins.
    """
    datasets = []
    for origin in origins:
        spec = config.data.copy_and_resolve_references()
        spec.origin = origin
        datasets.append(dataset(spec))
    sizes = {origin: each.train.size for origin, each in zip(origins, datasets, strict=True)}
    if len(set(sizes.values())) > 1:
        raise UsageError(
            'All origins should have the same number of training days, because they are trained '
            f'together. Found {sizes}. Change config.data.last.'
        )
    return datasets


def forecasts(
    config: ConfigDict, task: str, datasets: Sequence[Dataset], seeds: Sequence[int]
) -> np.ndarray:
    """Train a network and forecast, ``[origins, seeds, H]``, in the units of the file.

    There is one training per origin and seed, with all days in the batch at every step. All
    trainings are one program.

    Args:
      config: The config of the network.
      task: The name of the series.
      datasets: One data set per origin, all of the same size.
      seeds: The seeds of the initial parameters.

    Raises:
      UsageError: The config cannot be built.
    """
    built = build.setup(config, datasets[0])
    options = dataclasses.replace(built.options, parallel='jit')  # all origins are one program
    step = options.step(built.model, built.dataset.tasks, built.tx)

    def predict(start, batch, days):
        def advance(state, _):
            return step.update(state, batch)[0], None

        end, _ = jax.lax.scan(advance, start, length=options.steps)
        return built.model.apply(end.params, end.state, days)[0][task]

    batches = trees.stack([everything(each.train) for each in datasets])
    days = trees.stack([everything(each.test).inputs for each in datasets])
    example = built.dataset.train.example
    starts = trees.stack([step.init(jax.random.key(seed), example) for seed in seeds])
    seeded = jax.vmap(predict, in_axes=(0, None, None))

    @jax.jit
    def run(starts, batches, days):  # one origin after the other: small products are fast on a CPU
        return jax.lax.map(lambda each: seeded(starts, *each), (batches, days))

    rows = np.asarray(run(starts, batches, days))
    return np.stack(
        [each.tasks[task].inverse(row) for each, row in zip(datasets, rows, strict=True)]
    )
