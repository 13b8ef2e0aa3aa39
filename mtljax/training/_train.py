"""The training loop that most users call."""

from pathlib import Path
from typing import Any

import optax

from mtljax import trees
from mtljax.base import Dataset, MultiTask
from mtljax.files import local_folder
from mtljax.training._loop import Result, run_seeds
from mtljax.training._options import Options
from mtljax.training._saved import Saved


def train(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    options: Options | None = None,
    *,
    seed: int = 0,
    workdir: str | Path | None = None,
    init_from: str | Path | Saved | None = None,
    where: trees.Where = None,
    progress: str | None = None,
    **keywords: Any,
) -> Result:
    """Train a model, choose the best parameters on the validation split, and test them once.

    A small data set is stored on the device, and many steps run in one compiled loop. A large data
    set is streamed to the device during training. If you pass a ``workdir``, the run writes
    checkpoints there. After an interruption, the same call continues from the newest checkpoint,
    and the final result is bit for bit the same as without the interruption.

    Args:
      model: A multi-task model, made by a sharing scheme from a backbone and ``dataset.heads``.
      dataset: The data set, with its tasks and its training, validation and test splits.
      tx: An optax chain that begins with a surgery, such as
        ``surgery.on_shared(surgery.pcgrad())``.
      options: An `Options` object. You can pass its fields as keywords instead.
      seed: The seed of the initial parameters, of the order of the examples and of dropout.
      workdir: The folder for ``metrics.jsonl``, TensorBoard events and ``checkpoints/``. None means
        that no file is written.
      init_from: The folder of another run, or what `load` returned. A new training takes its
        parameters where their paths and shapes fit, whatever its optimiser was. A log line names
        what was taken and what is new. If the tasks differ, arrays of several tasks at once, such
        as towers, are new. If ``workdir`` holds a checkpoint already, it is used instead.
      where: Which parameters `init_from` replaces, by their paths, such as ``['shared']``. None
        means all that fit.
      progress: The title of a progress bar. None shows no bar.
      **keywords: Fields of `Options`. Without ``options``, ``steps`` and ``batch_size`` are
        required.

    Returns:
      A `Result` with the last and the best state, the validation and test results, and the log.

    Raises:
      ValueError: The model, the data set, the optax chain and the options do not fit each other, or
        do not fit the checkpoints in ``workdir``. This error is raised before training starts.
      NonFiniteLossError: A loss is NaN or infinite. The message names the task and the step.

    >>> from mtljax import backbones, data, sharing, surgery
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(1e-2))
    >>> result = train(model, digits, tx, steps=4, batch_size=16, log_every=2)
    >>> result.best_step, sorted(result.test['left'])
    (4, ['accuracy', 'loss'])
    """
    folder = None if workdir is None else local_folder(workdir)
    options = Options.of(options, **keywords)
    source = None if init_from is None else (init_from, where)
    return run_seeds(
        model, dataset, tx, options, [seed], workdir=folder, title=progress, source=source
    )[0]
