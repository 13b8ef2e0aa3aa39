"""The best state so far, and the checkpoints of the best and the newest state."""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from mtljax.base import TrainState
from mtljax.training._checkpoint import Checkpoints
from mtljax.training._checkpoint_files import DamagedError
from mtljax.training._evaluate import Results
from mtljax.training._options import Options

_log = logging.getLogger(__name__)


@dataclass
class Selection:
    """The best evaluation so far, and the number of evaluations since then."""

    step: int = 0
    score: float = -math.inf
    results: Results = field(default_factory=dict)
    since: int = 0


class BestState:
    """Keeps the newest and the best state, on disk if there is a folder.

    Args:
      workdir: The folder that holds ``checkpoints/``. None keeps the best state in memory only.
      select: A function from validation results to a score. Higher is better.
      start: The initial state.
      run: The settings of the run, ``{option: value}``; see `identity`.

    Raises:
      ValueError: The checkpoints in ``workdir`` belong to another run.

    Attributes:
      state: The state that training continues from: ``start``, or the newest checkpoint.
      best: The state of the best evaluation.
      chosen: The best evaluation.
      tests: The results on the test split. The keys are the steps as text. The results are averaged
        at the end.
      log: The checksum of the log up to ``state``; None if it is not known.
      more: Further values for JSON that belong to ``state``, and that checkpoints hold.
    """

    def __init__(
        self,
        workdir: Path | None,
        select: Callable[[Results], float],
        start: TrainState,
        run: dict[str, Any],
    ):
        self._select, self._run = select, run
        self._checkpoints = None if workdir is None else Checkpoints(workdir / 'checkpoints')
        self.state = self.best = start
        self.chosen = Selection()
        self.tests: dict[str, Results] = {}
        self.log: int | None = None
        self.more: dict[str, Any] = {}
        self._warned = False
        if self._checkpoints is not None and self._checkpoints.newest is not None:
            try:
                self._restore(self._checkpoints, start)
            except DamagedError as error:
                self.close()
                raise ValueError(
                    f'{error} The run cannot continue without this checkpoint, because it is the '
                    'only one or the best one. To train from the start, choose another workdir or '
                    f'remove {workdir}/checkpoints.'
                ) from error
            except ValueError:
                self.close()
                raise

    def _restore(self, checkpoints: Checkpoints, start: TrainState) -> None:
        self.state, progress = checkpoints.restore(start)
        if progress['run'] != self._run:
            raise ValueError(
                f'The checkpoints in the workdir should belong to the run {self._run}. '
                f'Found the run {progress["run"]}. Choose another workdir.'
            )
        self.chosen = Selection(**progress['chosen'])
        self.tests = progress.get('tests', {})
        self.log, self.more = progress.get('log'), progress.get('more', {})
        if not self.chosen.results:
            return  # it was stopped before its first evaluation
        if self.chosen.step not in checkpoints.steps:
            raise ValueError(
                f'The checkpoint of the best evaluation, step {self.chosen.step}, should be in the '
                f'workdir. Found the steps {checkpoints.steps}. To train from the start, choose '
                'another workdir or remove the checkpoints.'
            )
        self.best, _ = checkpoints.restore(start, self.chosen.step)

    def consider(self, step: int, state: TrainState, results: Results, log: int = 0) -> None:
        """Compare an evaluation with the best one, and write a checkpoint.

        The best evaluation has the highest score. While no score is finite, it is the last one. The
        checkpoint holds ``log``, the checksum of the log up to this step.
        """
        score = self._select(results)
        try:
            score = float(score)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f'select should return a number. Found {score!r:.80} at step {step}.'
            ) from error
        self._warn(step, score, results)
        score = score if math.isfinite(score) else -math.inf
        known = math.isfinite(self.chosen.score)
        if score > self.chosen.score or not known:
            since = 0 if math.isfinite(score) else self.chosen.since + bool(self.chosen.results)
            self.chosen = Selection(step, score, results, since)
            self.best = jax.tree.map(jnp.copy, state)
        else:
            self.chosen.since += 1
        self._save(step, state, score, log)

    def _warn(self, step: int, score: float, results: Results) -> None:
        """Say once which results are not finite."""
        names = [
            f'{task} {name}'
            for task, row in results.items()
            for name, value in row.items()
            if not math.isfinite(value)
        ]
        if self._warned or (math.isfinite(score) and not names):
            return
        self._warned = True
        effect = 'They may not count in the score.'
        if not math.isfinite(score):
            effect = (
                f'The score is {score}: the last parameters count as the best until it is finite.'
            )
        listed = ', '.join(names) or 'the result of select'
        _log.warning('At step %d, not finite on validation: %s. %s', step, listed, effect)

    def keep(self, step: int, state: TrainState, log: int) -> None:
        """Write a checkpoint of a state that was not evaluated, unless there is one of its step."""
        if self._checkpoints is not None and step not in self._checkpoints.steps:
            self._save(step, state, -math.inf, log)

    def _save(self, step: int, state: TrainState, score: float, log: int) -> None:
        if self._checkpoints is not None:
            progress = {'run': self._run, 'chosen': asdict(self.chosen)}
            progress |= {'tests': dict(self.tests), 'log': log}  # written in the background
            progress |= {'more': dict(self.more)} if self.more else {}
            self._checkpoints.save(step, state, progress, score, needs=self.chosen.step)

    def close(self) -> None:
        """Wait until the last checkpoint is written."""
        if self._checkpoints is not None:
            self._checkpoints.close()


def identity(tasks: Sequence[str], seed: int, options: Options) -> dict[str, Any]:
    """Return the settings that a run must share with the checkpoints that it continues.

    >>> identity(['a'], 0, Options(steps=1, batch_size=8))
    {'seed': 0, 'batch_size': 8, 'micro_batches': 1, 'pooled': False, 'tasks': ['a']}
    """
    settings = {'seed': seed, 'batch_size': options.batch_size}
    settings |= {'micro_batches': options.micro_batches, 'pooled': options.pooled}
    settings |= {'tasks': list(tasks)}
    # A run of an earlier version has no newer option, so an option that is off is left out.
    newer = {name: getattr(options, name) for name in ('average_last', 'ema', 'task_patience')}
    return settings | {name: value for name, value in newer.items() if value is not None}
