"""Runs that differ only in the seed: one after the other, or all in one program."""

from collections.abc import Sequence
from typing import Any

import optax

from mtljax.base import Dataset, MultiTask
from mtljax.options import check_seeds
from mtljax.training._loop import Result, run_seeds
from mtljax.training._options import Options


def train_seeds(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    options: Options | None = None,
    *,
    seeds: Sequence[int],
    together: bool,
    progress: str | None = None,
    **keywords: Any,
) -> list[Result]:
    """Train a model several times with different seeds, like `train` without a ``workdir``.

    With ``together=True``, one program with ``vmap`` trains all seeds. This is often faster if a
    step is small or if the device is large. The function `should_vmap_seeds` can decide this for
    you. Every seed has its own initial parameters, order of examples, dropout and best step.

    Args:
      model: A multi-task model, made by a sharing scheme from a backbone and ``dataset.heads``.
      dataset: The data set, with its tasks and its training, validation and test splits.
      tx: An optax chain that begins with a surgery, such as
        ``surgery.on_shared(surgery.pcgrad())``.
      options: An `Options` object. You can pass its fields as keywords instead.
      seeds: The seeds. Each seed is one training run.
      together: If True, all seeds run in one program. This needs ``parallel='jit'`` and excludes
        the options ``patience``, ``stream`` and ``average_last``. The ``steps_per_second`` of the
        results then counts the steps of all seeds. If False, the seeds run one after the other.
      progress: The title of a progress bar. None shows no bar.
      **keywords: Fields of `Options`. Without ``options``, ``steps`` and ``batch_size`` are
        required.

    Returns:
      One `Result` per seed.

    Raises:
      ValueError: The arguments do not fit each other, ``seeds`` is empty, or an option does not
        work with ``together=True``.
      NonFiniteLossError: A loss of any seed is NaN or infinite.

    >>> from mtljax import backbones, data, sharing, surgery
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(1e-2))
    >>> size = {'steps': 4, 'batch_size': 16, 'log_every': 2}
    >>> results = train_seeds(model, digits, tx, seeds=(0, 1), together=True, **size)
    >>> [result.best_step for result in results]
    [4, 4]
    """
    check_seeds(seeds)
    options = Options.of(options, **keywords)
    if together:
        _check_together(options)
        return run_seeds(model, dataset, tx, options, seeds, title=progress)
    return [run_seeds(model, dataset, tx, options, [seed], title=progress)[0] for seed in seeds]


def _check_together(options: Options) -> None:
    excluded = (options.patience, options.average_last)
    if options.parallel != 'jit' or options.stream or any(value is not None for value in excluded):
        raise ValueError(
            "Seeds in one program need parallel='jit', no average_last, no patience and no stream. "
            f'Found parallel = {options.parallel!r}, patience = {options.patience}, '
            f'stream = {options.stream}, average_last = {options.average_last}. '
            'Change these options, or use together=False.'
        )
