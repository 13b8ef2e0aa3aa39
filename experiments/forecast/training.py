"""Networks trained at many origins at once."""

from collections.abc import Callable, Sequence

import jax
import numpy as np
from ml_collections import ConfigDict

from experiments import build
from experiments.forecast.windows import everything
from experiments.program import UsageError
from mtljax import training, trees
from mtljax.base import Dataset

_STEP = ('weighting', 'engine', 'micro_batches', 'pooled')


def at_origins(
    config: ConfigDict, origins: Sequence[str], dataset: Callable[[ConfigDict], Dataset]
) -> list[Dataset]:
    """The data as it is known at each origin.

    Raises:
      UsageError: they differ in their number of training days.
    """
    found = []
    for origin in origins:
        spec = config.data.copy_and_resolve_references()
        spec.origin = origin
        found.append(dataset(spec))
    sizes = {origin: each.train.size for origin, each in zip(origins, found, strict=True)}
    if len(set(sizes.values())) > 1:
        raise UsageError(
            'Origins are trained together: config.data.last should leave each the same number of '
            f'training days. Found {sizes}.'
        )
    return found


def forecasts(
    config: ConfigDict, task: str, datasets: Sequence[Dataset], seeds: Sequence[int]
) -> np.ndarray:
    """What a network forecasts, ``[origins, seeds, H]``, in the units of the file.

    Every origin and seed is a training of its own on all days at every step; all are one program.

    Args:
      config: of the network.
      task: the series.
      datasets: one per origin, all of one size.
      seeds: of the initial parameters.

    Raises:
      UsageError: what does not fit.
    """
    built = build.setup(config, datasets[0])
    options = {name: built.options[name] for name in _STEP}
    step = training.train_step(built.model, built.dataset.tasks, built.tx, **options)

    def predict(start, batch, days):
        def advance(state, _):
            return step.update(state, batch)[0], None

        end, _ = jax.lax.scan(advance, start, length=built.options['steps'])
        return built.model.apply(end.params, end.state, days)[0][task]

    batches = trees.stack([everything(each.train) for each in datasets])
    days = trees.stack([everything(each.test).inputs for each in datasets])
    example = built.dataset.train.example
    starts = trees.stack([step.init(jax.random.key(seed), example) for seed in seeds])
    seeded = jax.vmap(predict, in_axes=(0, None, None))

    @jax.jit
    def run(starts, batches, days):  # small products, one after the other, suit a CPU
        return jax.lax.map(lambda each: seeded(starts, *each), (batches, days))

    found = np.asarray(run(starts, batches, days))
    return np.stack(
        [each.tasks[task].inverse(rows) for each, rows in zip(datasets, found, strict=True)]
    )
