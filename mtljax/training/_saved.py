"""The parameters of a run, read from its folder without its optimiser."""

import logging
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from mtljax.base import Dataset, MultiTask, Params, State
from mtljax.files import local_folder
from mtljax.module import shapes
from mtljax.training._checkpoint_files import DamagedError, read_parameters, steps_in
from mtljax.training._checks import name_of
from mtljax.training._evaluate import Results
from mtljax.training._fingerprint import differences, fingerprint
from mtljax.training._run_file import read_run

_log = logging.getLogger(__name__)


class Saved(NamedTuple):
    """The parameters of a run at one of its checkpoints.

    Attributes:
      params: The parameters of the model.
      state: The state of the model, such as batch statistics.
      step: The training step.
      tasks: The names of the tasks, in the order of the model.
      validation: The results of the best evaluation on the validation split,
        ``{task: {metric: value}}``.
    """

    params: Params
    state: State
    step: int
    tasks: tuple[str, ...]
    validation: Results


def load(workdir: str | Path, model: MultiTask, dataset: Dataset, *, newest: bool = False) -> Saved:
    """Read the parameters of a run. Nothing is trained, and nothing is written.

    The optimiser, the surgery and the weighting of the run are not needed.

    Args:
      workdir: The folder of a run of `train`.
      model: The model of the run.
      dataset: The data set of the run.
      newest: Whether to read the newest checkpoint. By default, the one with the best validation
        result is read.

    Returns:
      The parameters, as a `Saved`.

    Raises:
      ValueError: The folder holds no whole checkpoint, or it belongs to another model or data set.

    >>> import tempfile
    >>> import optax
    >>> from mtljax import backbones, data, sharing, surgery, training
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.sum(), optax.sgd(0.1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = training.train(model, digits, tx, steps=4, batch_size=16, workdir=folder)
    ...     saved = load(folder, model, digits)
    >>> results = training.evaluate(model, digits.tasks, saved, digits.test)
    """
    check_data(workdir, dataset)
    return load_parameters(workdir, model, dataset.train.example.inputs, newest=newest)


def check_data(workdir: str | Path, dataset: Dataset) -> None:
    """Check that a data set is that of a run. A run without a fingerprint is not checked.

    Args:
      workdir: The folder of a run of `train`.
      dataset: The data set.

    Raises:
      ValueError: The run was trained on other data.
    """
    run = read_run(local_folder(workdir) / 'run.json')
    found = [] if run is None else differences(run['data'], fingerprint(dataset))
    if found:
        raise ValueError(
            f'The data set should be that of the run in {workdir}. Found {"; ".join(found)}.'
        )


def load_parameters(
    workdir: str | Path, model: MultiTask, inputs: Any, *, newest: bool = False
) -> Saved:
    """Read the parameters of a run without its data set.

    Args:
      workdir: The folder of a run of `train`.
      model: The model of the run.
      inputs: A small batch of inputs, which shows their shapes and dtypes.
      newest: Whether to read the newest checkpoint; see `load`.

    Returns:
      The parameters, as a `Saved`.

    Raises:
      ValueError: The folder holds no whole checkpoint, or it belongs to another model.
    """
    saved = read_saved(workdir, newest=newest)
    expected = jax.eval_shape(model.init, jax.random.key(0), shapes(inputs))
    params, state = _like(workdir, (saved.params, saved.state), expected)
    return saved._replace(params=params, state=state)


def read_saved(workdir: str | Path, *, newest: bool = False) -> Saved:
    """Read the parameters of a run, as nested dicts of NumPy arrays.

    Raises:
      ValueError: The folder holds no whole checkpoint.
    """
    folder = local_folder(workdir).absolute() / 'checkpoints'
    steps = steps_in(folder) if folder.is_dir() else []
    if not steps:
        raise ValueError(
            f'{workdir} should be the folder of a run with a checkpoint. Found no checkpoint.'
        )
    step, (tree, progress) = _newest_whole(folder, steps)
    chosen = progress['chosen']
    if not newest and chosen['results'] and chosen['step'] != step:
        step = chosen['step']
        tree, _ = read_parameters(folder / str(step))
    tasks = tuple(progress['run']['tasks'])
    return Saved(tree['params'], tree.get('state') or {}, step, tasks, chosen['results'])


def _newest_whole(folder: Path, steps: list[int]) -> tuple[int, Any]:
    """Read the first checkpoint of a list that is not damaged; say which ones are."""
    for step in steps[:-1]:
        try:
            return step, read_parameters(folder / str(step))
        except DamagedError as error:
            _log.warning('%s The checkpoint before it is read.', error)
    return steps[-1], read_parameters(folder / str(steps[-1]))


def _like(workdir: str | Path, found: Any, expected: Any) -> Any:
    """Return the arrays that were found in the structure of the model."""
    there, here = (
        {name_of(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}
        for tree in (found, expected)
    )
    other = sorted(
        name
        for name in there.keys() | here.keys()
        if name not in there or name not in here or _kind(there[name]) != _kind(here[name])
    )
    if other:
        raise ValueError(
            f'The model should be that of the run in {workdir}. Found another array at '
            f'{", ".join(other[:3])}.'
        )
    return jax.tree_util.tree_map_with_path(lambda path, _: there[name_of(path)], expected)


def _kind(leaf: Any) -> Any:
    return np.shape(leaf), np.dtype(leaf.dtype)
