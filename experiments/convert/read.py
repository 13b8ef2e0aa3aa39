"""The run that is converted: its config and the state of its best or newest checkpoint."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
from ml_collections import ConfigDict

from experiments import build
from experiments.program import UsageError
from mtljax import training
from mtljax.base import Dataset, TrainState

_STEP = ('weighting', 'engine', 'prefer', 'micro_batches', 'pooled', 'augment')


class Source(NamedTuple):
    """A run that `experiments.train` left.

    Attributes:
      config: of the run.
      ready: data and backbone of the config.
      built: what the config describes.
      step: of the checkpoint.
      state: in it.
    """

    config: ConfigDict
    ready: build.Prepared
    built: build.Setup
    step: int
    state: TrainState


def read(workdir: Path, config: ConfigDict, *, newest: bool) -> Source:
    """Read a run; its folder is left as it is.

    Args:
      workdir: of the run.
      config: of the run.
      newest: the newest checkpoint, not the best.

    Raises:
      UsageError: there is no checkpoint, or it is of another model.
    """
    steps = _steps(workdir)
    if not steps:
        raise UsageError(f'{workdir} holds no checkpoint yet: nothing is trained that could move.')
    ready = build.prepare(config)
    built = build.setup(config, ready)
    like = fresh_state(built, config.seed)
    with tempfile.TemporaryDirectory() as folder:
        state, progress = _restored(workdir, Path(folder), steps[-1], like)
        best = progress['chosen']['step']
        if newest or best == steps[-1]:
            return Source(config, ready, built, steps[-1], state)
        return Source(config, ready, built, best, _restored(workdir, Path(folder), best, like)[0])


def config_of(workdir: Path) -> ConfigDict:
    """The config of a run.

    Raises:
      UsageError: the folder holds none.
    """
    path = workdir / 'config.json'
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f'{workdir} holds no run of experiments.train: {error}.') from error
    config = ConfigDict(found if isinstance(found, Mapping) else {})
    build.check_fields(config)
    return config


def fresh_state(built: build.Setup, seed: int) -> TrainState:
    """The state that training would start from.

    Raises:
      UsageError: model, tasks and options do not fit together.
    """
    options = {name: built.options[name] for name in _STEP if name in built.options}
    axis = training.strategy_of(built.options.get('parallel', 'jit')).axis_name
    model, tasks = built.model, built.dataset.tasks
    try:
        step = training.train_step(model, tasks, built.tx, axis_name=axis, **options)
        return step.init(jax.random.key(seed), built.dataset.train.example)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error


def one_example(dataset: Dataset) -> Any:
    """The shapes of the inputs of one example."""

    def first(leaf):
        return jax.ShapeDtypeStruct((1, *leaf.shape[1:]), leaf.dtype)

    return jax.tree.map(first, dataset.train.example.inputs)


def scheme_of(config: ConfigDict) -> str:
    """``'hard'`` of ``'mtljax.sharing:hard'``."""
    return str(config.sharing.fn).rsplit(':', 1)[-1]


def _steps(workdir: Path) -> list[int]:
    return sorted(int(p.name) for p in workdir.glob('checkpoints/*') if p.name.isdigit())


def _restored(
    workdir: Path, folder: Path, step: int, like: TrainState
) -> tuple[TrainState, dict[str, Any]]:
    """A checkpoint, read from a copy: opening a folder tidies up what a training writes there."""
    try:
        shutil.copytree(workdir / 'checkpoints' / str(step), folder / str(step) / str(step))
    except OSError as error:
        raise UsageError(f'The checkpoint of step {step} in {workdir} is gone: {error}') from error
    checkpoints = training.Checkpoints(folder / str(step))
    try:
        return checkpoints.restore(like)
    except ValueError as error:
        raise UsageError(f'{workdir}: {error}') from error
    finally:
        checkpoints.close()
