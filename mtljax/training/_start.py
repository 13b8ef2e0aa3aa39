"""The initial state of a run, and a folder whose run begins with a given state."""

from contextlib import closing
from pathlib import Path
from typing import Any

import optax

from mtljax.base import Dataset, MultiTask, TrainState
from mtljax.options import check_seed
from mtljax.training._average import anew
from mtljax.training._best_state import BestState, identity
from mtljax.training._evaluate import Results
from mtljax.training._options import Options
from mtljax.training._preflight import check_arguments, checked_start


def initial_state(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    options: Options | None = None,
    *,
    seed: int = 0,
    **keywords: Any,
) -> TrainState:
    """Return the training state from which `train` starts.

    Args:
      model: A multi-task model, made by a sharing scheme from a backbone and ``dataset.heads``.
      dataset: The data set, with its tasks and its training, validation and test splits.
      tx: An optax chain that begins with a surgery, such as
        ``surgery.on_shared(surgery.pcgrad())``.
      options: An `Options` object. You can pass its fields as keywords instead.
      seed: The seed of the initial parameters.
      **keywords: Fields of `Options`. Without ``options``, ``steps`` and ``batch_size`` are
        required.

    Returns:
      The training state at step 0.

    Raises:
      ValueError: The arguments do not fit each other. `train` would raise the same error.

    >>> from mtljax import backbones, data, sharing, surgery
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.sum(), optax.sgd(0.1))
    >>> initial_state(model, digits, tx, steps=4, batch_size=16).step.item()
    0
    """
    options = Options.of(options, **keywords)
    check_arguments(options, dataset, tx, [seed])
    step = options.step(model, dataset.tasks, tx)
    return checked_start(model, dataset, step, seed)


def save_start(
    workdir: Path,
    model: MultiTask,
    state: TrainState,
    results: Results,
    options: Options,
    *,
    seed: int = 0,
) -> None:
    """Write the first checkpoint of a run, so that `train` starts from the given state.

    Args:
      workdir: The folder of the run. It must not contain a checkpoint yet.
      model: The model that you will train.
      state: The state to start from, at step 0.
      results: The results of ``state`` on the validation split.
      options: The options that you will pass to `train`.
      seed: The seed that you will pass to `train`.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from mtljax import backbones, data, sharing, surgery, training
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.sum(), optax.sgd(0.1))
    >>> options = training.Options(steps=4, batch_size=16, log_every=2)
    >>> state = training.initial_state(model, digits, tx, options)
    >>> results = training.evaluate(model, digits.tasks, state, digits.validation)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     training.save_start(Path(folder), model, state, results, options)
    ...     int(training.train(model, digits, tx, options, workdir=folder).state.step)
    4
    """
    check_seed('seed', seed)
    settings, state = identity(model.tasks, seed, options), anew(state)
    with closing(BestState(workdir, options.score, state, settings)) as best:
        best.consider(int(state.step), state, results)
