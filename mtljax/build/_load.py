"""Open a finished run: its model, its data and its parameters."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from mtljax.base import Dataset, MultiTask
from mtljax.build._setup import setup
from mtljax.build._trusted import check_names
from mtljax.files import local_folder
from mtljax.training import Saved
from mtljax.training import load as load_parameters


class Run(NamedTuple):
    """A run that was read from its folder.

    Attributes:
      config: The config of the run.
      model: The model.
      dataset: The data set, with its tasks and splits.
      saved: The parameters, the state of the model, and the step of the checkpoint.
    """

    config: dict[str, Any]
    model: MultiTask
    dataset: Dataset
    saved: Saved


def load(workdir: str | Path, *, newest: bool = False, trust: Collection[str] = ()) -> Run:
    """Read a run of ``experiments.train`` from its folder. Nothing is trained or written.

    The folder may come from somebody else: its config may name only public functions of mtljax and
    optax. For a run of `training.train`, which has no ``config.json``, use `training.load`.

    Args:
      workdir: The folder of the run.
      newest: Whether to read the newest checkpoint. By default, the one with the best validation
        result is read.
      trust: Further packages whose functions the config may name.

    Returns:
      The model, the data set and the parameters, as a `Run`.

    Raises:
      ValueError: The folder has no config or no whole checkpoint, its config names a function of
        another package, or the data have changed since the run.

    >>> import tempfile
    >>> from mtljax import training
    >>> config = {
    ...     'seed': 0,
    ...     'data': {'fn': 'mtljax.data:digits', 'train': 32, 'validation': 16, 'test': 16},
    ...     'backbone': {'fn': 'mtljax.backbones:mlp', 'widths': [8]},
    ...     'sharing': {'fn': 'mtljax.sharing:hard'},
    ...     'weighting': {'fn': 'mtljax.weighting:equal'},
    ...     'surgery': {'fn': 'mtljax.surgery:pcgrad'},
    ...     'optimizer': {'fn': 'optax:adam', 'learning_rate': 1e-3},
    ...     'select': {'fn': 'mtljax.training:select_by', 'metric': 'loss'},
    ...     'train': {'steps': 4, 'batch_size': 16},
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     built = setup(config)
    ...     _ = training.train(built.model, built.dataset, built.tx, built.options, workdir=folder)
    ...     _ = (Path(folder) / 'config.json').write_text(json.dumps(config))
    ...     run = load(folder)
    >>> run.saved.step, training.evaluate(run.model, run.dataset.tasks, run.saved, run.dataset.test)
    (4, {'left': {'loss': ...}, 'right': {'loss': ...}})
    """
    path = local_folder(workdir) / 'config.json'
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(
            f'{workdir} should be the folder of a run of experiments.train. Found no config there: '
            f'{error}.'
        ) from error
    check_names(config, trust=trust)
    built = setup(config)
    saved = load_parameters(workdir, built.model, built.dataset, newest=newest)
    return Run(config, built.model, built.dataset, saved)
