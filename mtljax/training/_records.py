"""The records of the seeds that train in one program: their log, their best state, their end."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from mtljax import trees
from mtljax.base import TrainState
from mtljax.training._average import swapped
from mtljax.training._best_state import BestState, identity
from mtljax.training._callbacks import Evaluation, asks_to_end
from mtljax.training._evaluate import Results
from mtljax.training._evaluations import Evaluations
from mtljax.training._finite import check_infos, check_params
from mtljax.training._logging import Log
from mtljax.training._mixing import Mixing, mixing_of
from mtljax.training._options import Options
from mtljax.training._rows import mean_losses, mean_row, validation_row
from mtljax.training._runner import Infos
from mtljax.training._task_stops import count_evaluations, stop_tasks, stopped_tasks

_ENDED, _COUNTS = 'ended by a callback', 'evaluations of tasks'  # in a checkpoint


@dataclass
class Record:
    """The best state and the log of one seed, while it trains.

    Attributes:
      seed: The seed.
      tasks: The tasks of the model.
      mixing: Its gates and cross-stitch units.
      best: The best state, and the checkpoints.
      log: The log.
      end: The state in which a callback ended the training of this seed, or in which all tasks had
        stopped; None before. Its program may go on for other seeds, but nothing of it counts.
    """

    seed: int
    tasks: Sequence[str]
    mixing: Mixing
    best: BestState
    log: Log
    end: TrainState | None = None


def open_record(
    stack: contextlib.ExitStack,
    workdir: Path | None,
    options: Options,
    start: TrainState,
    seed: int,
    tasks: Sequence[str],
) -> Record:
    """Open the record of a run, which continues from the newest checkpoint in its folder."""
    best = BestState(workdir, options.score, swapped(start), identity(tasks, seed, options))
    stack.enter_context(contextlib.closing(best))
    if best.state.step > options.steps:
        raise ValueError(
            f'steps should be at least {best.state.step}, the step that the checkpoints in '
            f'{workdir} have reached. Found steps = {options.steps}. Pass more steps, or another '
            'workdir.'
        )
    first, resume = jax.process_index() == 0, int(best.state.step)
    loggers = options.loggers if first else ()
    log = Log(workdir if first else None, resume, best.log, loggers, seed)
    stack.enter_context(contextlib.closing(log))
    ended = bool(options.callbacks) and best.more.get(_ENDED, False)
    ended |= len(stopped_tasks(best.state, tasks)) == len(tasks)
    end = swapped(best.state) if ended else None
    return Record(seed, tasks, mixing_of(tasks, start), best, log, end)


def log_chunk(
    records: Sequence[Record],
    infos: Infos,
    mixing: Mapping[int, Any],
    start: int,
    stop: int,
    options: Options,
) -> dict[str, float]:
    """Check and log a chunk of steps; return the mean losses of the first seed.

    Args:
      records: The records of all seeds.
      infos: The info of each step.
      mixing: The arrays of gates and units after the last step, on the host; see `Mixing.arrays`.
      start: The number of steps before the chunk.
      stop: The number of steps after it.
      options: The options of training.
    """
    parts, scheduled = unpacked(infos, len(records), axis=1), options.scheduled(stop)
    both = zip(records, parts, unpacked(mixing, len(records)), strict=True)
    here = [(record, part, arrays) for record, part, arrays in both if record.end is None]
    check_infos([part for _, part, _ in here], start, options.weighting)
    for record, part, arrays in here:
        record.log.write(stop, mean_row(part) | record.mixing.row(arrays) | scheduled)
    return mean_losses(parts[0])


def evaluate(
    evaluations: Evaluations,
    records: Sequence[Record],
    states: TrainState,
    step: int,
    options: Options,
) -> tuple[TrainState, list[Results]]:
    """Evaluate all seeds; return the states to go on from, and the validation results.

    The states are the given ones, unless a task has stopped.
    """
    view = swapped(states)
    results = evaluations.validate(view.params, view.state)
    before = unpacked(view, len(records))
    after = [
        _evaluated(evaluations, record, state, result, step, options)
        if record.end is None
        else state
        for record, state, result in zip(records, before, results, strict=True)
    ]
    same = all(one is other for one, other in zip(before, after, strict=True))
    return (states if same else swapped(packed(after))), results


def _evaluated(
    evaluations: Evaluations,
    record: Record,
    state: TrainState,
    results: Results,
    step: int,
    options: Options,
) -> TrainState:
    """Record an evaluation of one seed; return the state to go on from."""
    best, log = record.best, record.log
    check_params(state.params, results, step)
    log.write(step, validation_row(results))
    log.flush()
    evaluations.test_last(step, state, best.tests)
    if options.task_patience is not None:
        state = _with_stops(record, state, results, options.task_patience)
    evaluation = Evaluation(step, record.seed, state, results, log.rows)
    ends = asks_to_end(options.callbacks, evaluation)
    if ends:
        _check_end(step, options)
        best.more[_ENDED] = True
    best.consider(step, state, results, log.sum)
    if ends or len(stopped_tasks(state, record.tasks)) == len(record.tasks):
        record.end = swapped(state)
    return state


def _check_end(step: int, options: Options) -> None:
    if options.average_last is not None and step < options.steps:
        raise ValueError(
            'average_last needs a known last step, so no callback should return True before step '
            f'{options.steps}. Found True at step {step}. Leave average_last or the callback out.'
        )


def _with_stops(record: Record, state: TrainState, results: Results, patience: int) -> TrainState:
    """Count the evaluations of each task, and stop the tasks that got no better."""
    more, before = record.best.more, stopped_tasks(state, record.tasks)
    more[_COUNTS] = count_evaluations(more.get(_COUNTS, {}), results)
    late = [task for task, (_, since) in more[_COUNTS].items() if since >= patience]
    names = [task for task in record.tasks if task in late or task in before]
    return state if names == before else stop_tasks(state, record.tasks, names)


def keep(records: Sequence[Record], states: TrainState, step: int) -> None:
    """Write a checkpoint of states that were not evaluated."""
    for record, state in zip(records, unpacked(swapped(states), len(records)), strict=True):
        if record.end is None:
            record.best.keep(step, state, record.log.sum)


def packed(states: Sequence[Any]) -> Any:
    """Return one tree for all seeds: the only one, or all of them stacked."""
    return states[0] if len(states) == 1 else trees.stack(states)


def unpacked(tree: Any, count: int, axis: int = 0) -> list[Any]:
    """Undo `packed`, where the seeds lie along ``axis``."""
    if count == 1:
        return [tree]
    return [
        jax.tree.map(lambda leaf, i=index: leaf[i] if axis == 0 else leaf[:, i], tree)
        for index in range(count)
    ]
