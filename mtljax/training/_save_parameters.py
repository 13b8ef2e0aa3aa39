"""Write parameters as a run, without an optimiser."""

from contextlib import closing
from pathlib import Path

from mtljax.base import Dataset
from mtljax.files import local_folder
from mtljax.training._checkpoint import Checkpoints
from mtljax.training._run_file import claim_data
from mtljax.training._saved import Saved


def save_parameters(workdir: str | Path, saved: Saved, dataset: Dataset) -> None:
    """Write parameters to a folder, from which `load` reads them. No optimiser is written.

    Training cannot continue in this folder. A new training can start from it, with the option
    ``init_from`` of `train`.

    Args:
      workdir: The folder. It is created if it is missing, and must not hold a checkpoint yet.
      saved: The parameters.
      dataset: The data set that the parameters were trained on.

    Raises:
      ValueError: The folder holds a checkpoint, or its name is an address.
      WriteError: The disk is full.

    >>> import tempfile
    >>> import optax
    >>> from mtljax import backbones, data, sharing, surgery, training
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.sum(), optax.sgd(0.1))
    >>> result = training.train(model, digits, tx, steps=4, batch_size=16)
    >>> best = result.best
    >>> saved = training.Saved(best.params, best.state, 4, model.tasks, result.validation)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     training.save_parameters(folder, saved, digits)
    ...     training.load(folder, model, digits).step
    4
    """
    folder = local_folder(workdir)
    progress = {
        'run': {'tasks': list(saved.tasks)},
        'chosen': {'step': saved.step, 'results': saved.validation},
    }
    with closing(Checkpoints(folder / 'checkpoints')) as checkpoints:
        if checkpoints.steps:
            raise ValueError(
                f'{folder} should hold no checkpoint yet. Found the steps {checkpoints.steps}. '
                'Choose another folder.'
            )
        claim_data(folder, dataset)
        state = {'params': saved.params, 'state': saved.state}
        checkpoints.save(saved.step, state, progress, 0.0)
