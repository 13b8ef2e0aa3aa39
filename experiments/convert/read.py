"""Read the state of the best or newest checkpoint of the source."""

import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from experiments import build
from experiments.convert.fresh import fresh_state
from experiments.convert.request import Plan
from experiments.program import UsageError
from mtljax import training
from mtljax.base import TrainState


class Source(NamedTuple):
    """The run that is converted.

    Attributes:
      ready: The data and the backbone of its config.
      built: The model, the optimiser and the options of its config.
      step: The step of the checkpoint.
      state: The training state in the checkpoint.
    """

    ready: build.Prepared
    built: build.Setup
    step: int
    state: TrainState


def read(plan: Plan) -> Source:
    """Read a run. Its folder does not change.

    Raises:
      UsageError: There is no checkpoint, or it belongs to another model.
    """
    workdir = plan.request.source
    newest = _newest_step(workdir)
    ready = build.prepare(plan.config)
    built = build.setup(plan.config, ready)
    like = fresh_state(built, plan.config.seed)
    state, progress = _restored(workdir, newest, like)
    best = progress['chosen']['step']
    if plan.request.newest or best == newest:
        return Source(ready, built, newest, state)
    return Source(ready, built, best, _restored(workdir, best, like)[0])


def _newest_step(workdir: Path) -> int:
    steps = [int(path.name) for path in workdir.glob('checkpoints/*') if path.name.isdigit()]
    if not steps:
        raise UsageError(
            f'--from should be a folder with a checkpoint. Found none in {workdir}. '
            'Train the run until its first evaluation.'
        )
    return max(steps)


def _restored(workdir: Path, step: int, like: TrainState) -> tuple[TrainState, dict[str, Any]]:
    """Restore from a copy: opening the folder itself deletes what a running training writes."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            shutil.copytree(workdir / 'checkpoints' / str(step), Path(folder, str(step)))
        except OSError as error:
            raise UsageError(
                f'The checkpoint of step {step} should be in {workdir}. Found {error}. '
                'Start the conversion again if a training writes there now.'
            ) from error
        checkpoints = training.Checkpoints(folder)
        try:
            return checkpoints.restore(like)
        except ValueError as error:
            raise UsageError(f'{workdir}: {error}') from error
        finally:
            checkpoints.close()
