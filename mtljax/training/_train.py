"""The training loop that most people call."""

from pathlib import Path
from typing import Any

import optax

from mtljax.base import Dataset, MultiTask
from mtljax.training._loop import Result, run_seeds
from mtljax.training._options import Options


def train(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    options: Options | None = None,
    *,
    seed: int = 0,
    workdir: str | Path | None = None,
    progress: str | None = None,
    **keywords: Any,
) -> Result:
    """Train, evaluate, choose the best parameters on validation, and test them once.

    Small data stays on the device, and a chunk of steps is one compiled loop. Large data is
    streamed with prefetch. With a ``workdir``, training continues from its newest checkpoint and
    ends with the same bits as a run that never stopped.

    Args:
      model: A sharing scheme on a backbone and ``dataset.heads``.
      dataset: The tasks and their splits.
      tx: An optax chain that begins with a surgery.
      options: The options of training; or give them as keywords.
      seed: The seed of the initial parameters, of the order of the examples and of dropout.
      workdir: The folder for ``metrics.jsonl``, TensorBoard events and ``checkpoints/``.
      progress: The title of a progress bar; no bar when None.
      **keywords: The fields of `Options`; ``steps`` and ``batch_size`` are required.

    Raises:
      ValueError: Options, shapes or checkpoints do not fit. It is raised before training starts.
      NonFiniteLossError: A loss is NaN or infinite; the message names task and step.

    >>> from mtljax import backbones, data, sharing, surgery
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(1e-2))
    >>> result = train(model, digits, tx, steps=4, batch_size=16, log_every=2)
    >>> result.best_step, sorted(result.test['left'])
    (4, ['accuracy', 'loss'])
    """
    folder = None if workdir is None else Path(workdir)
    options = Options.of(options, **keywords)
    return run_seeds(model, dataset, tx, options, [seed], workdir=folder, title=progress)[0]
