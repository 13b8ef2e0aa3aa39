"""The training loop of one seed, or of several seeds in one program."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import optax

from mtljax import trees
from mtljax.base import Dataset, MultiTask, Params, Split, State, TrainState
from mtljax.files import locked
from mtljax.module import shapes
from mtljax.training._best_state import BestState, identity
from mtljax.training._calls import Interrupted
from mtljax.training._evaluate import Results, evaluator
from mtljax.training._evaluations import Evaluations
from mtljax.training._finite import check_infos, check_params
from mtljax.training._labels import check_labels, ranges_of
from mtljax.training._log_rows import Row
from mtljax.training._logging import Log
from mtljax.training._options import Options
from mtljax.training._parallel import Strategy, strategy_of
from mtljax.training._preflight import check_arguments, checked_start
from mtljax.training._progress import Progress
from mtljax.training._rate import Rate
from mtljax.training._rows import mean_losses, mean_row, validation_row
from mtljax.training._run_file import claim_data, is_trained
from mtljax.training._runner import Infos, Runner, runner, scans_well
from mtljax.training._saved import Saved
from mtljax.training._schedule import chunks_of
from mtljax.training._step import TrainStep
from mtljax.training._stopped import StoppedError, is_asked
from mtljax.training._unlabelled import check_labelled
from mtljax.training._warm_start import warm_start
from mtljax.training._weights import check_weights


class Result(NamedTuple):
    """The result of one training run.

    Attributes:
      state: The state after the last step.
      best: The state at the evaluation with the best score on the validation split.
      best_step: The step of ``best``.
      validation: The results of ``best`` on the validation split, ``{task: {metric: value}}``.
      test: The results of ``best`` on the test split. With the option ``average_last``, these are
        the means of the test results of the last evaluations.
      steps_per_second: The number of training steps per second, without the time of evaluations,
        and if possible without the time of compilation. It is NaN if no step was trained.
      history: The logged values, one dict per logged step.
    """

    state: TrainState
    best: TrainState
    best_step: int
    validation: Results
    test: Results
    steps_per_second: float
    history: list[Row]


class _Record(NamedTuple):
    """The best state and the log of one seed, while it trains."""

    best: BestState
    log: Log


def run_seeds(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    options: Options,
    seeds: Sequence[int],
    *,
    workdir: Path | None = None,
    title: str | None = None,
    source: tuple[str | Path | Saved, trees.Where] | None = None,
) -> list[Result]:
    """Train all seeds in one program. Several seeds are vmapped, one seed is not.

    Args:
      model: The multi-task model.
      dataset: The data set, with its tasks and its training, validation and test splits.
      tx: An optax chain that begins with a surgery, such as
        ``surgery.on_shared(surgery.pcgrad())``.
      options: The options of training.
      seeds: The seeds, one run each.
      workdir: The folder of a single run, or None.
      title: The title of a progress bar. None shows no bar.
      source: The run whose parameters the training starts from, and which of them.

    Returns:
      One `Result` per seed.
    """
    strategy = strategy_of(options.parallel)
    check_arguments(options, dataset, tx, seeds)
    step = options.step(model, dataset.tasks, tx)
    check_weights(dataset)
    check_labelled(model.tasks, dataset, options.allow_unlabelled)
    starts = [checked_start(model, dataset, step, seed) for seed in seeds]
    dataset = check_labels(dataset, ranges_of(model, dataset, starts[0]))
    if source is not None and not (workdir and is_trained(workdir)):
        starts = [warm_start(start, model.tasks, tx, *source) for start in starts]
    run = _runner_of(step, model, dataset, starts[0], strategy, options, seeds)
    evaluations = _evaluations_of(model, dataset, options, strategy, len(seeds))
    with contextlib.ExitStack() as stack:
        if workdir is not None:
            if jax.process_index() == 0:
                stack.enter_context(locked(workdir))
            claim_data(workdir, dataset)
        records = [
            _open(stack, workdir, options, start, identity(model.tasks, seed, options))
            for seed, start in zip(seeds, starts, strict=True)
        ]
        states, rate = _loop(run, evaluations, records, strategy, options, title)
    best = _packed([record.best.best for record in records])
    if evaluations.last:
        tests = [evaluations.means(records[0].best.tests)]
    else:
        tests = evaluations.test(best.params, best.state)
    return [
        Result(
            state=state,
            best=record.best.best,
            best_step=record.best.chosen.step,
            validation=record.best.chosen.results,
            test=test,
            steps_per_second=rate.steps_per_second * len(seeds),
            history=record.log.rows,
        )
        for state, record, test in zip(_unpacked(states, len(seeds)), records, tests, strict=True)
    ]


def _runner_of(
    step: TrainStep,
    model: MultiTask,
    dataset: Dataset,
    start: TrainState,
    strategy: Strategy,
    options: Options,
    seeds: Sequence[int],
) -> Runner:
    one = len(seeds) == 1
    return runner(
        step.update if one else jax.vmap(step.update),
        dataset.train,
        strategy,
        batch_size=options.batch_size,
        seed=seeds[0] if one else tuple(seeds),
        steps=options.steps,
        scan=scans_well(model, start, shapes(dataset.train.example)),
        stream=options.stream,
        workers=options.workers,
    )


def _evaluations_of(
    model: MultiTask, dataset: Dataset, options: Options, strategy: Strategy, count: int
) -> Evaluations:
    def on(split: Split) -> Callable[[Params, State], list[Results]]:
        size: dict[str, Any] = {'batch_size': options.eval_batch_size, 'put': strategy.put}
        if count > 1:
            return evaluator(model, dataset.tasks, split, seeds=count, **size)
        evaluate = evaluator(model, dataset.tasks, split, **size)
        return lambda params, state: [evaluate(params, state)]

    last = options.schedule.last(options.average_last)
    return Evaluations(on(dataset.validation), on(dataset.test), last)


def _open(
    stack: contextlib.ExitStack,
    workdir: Path | None,
    options: Options,
    start: TrainState,
    settings: dict[str, Any],
) -> _Record:
    """Open the record of a run, which continues from the newest checkpoint in its folder."""
    best = BestState(workdir, options.score, start, settings)
    stack.enter_context(contextlib.closing(best))
    if best.state.step > options.steps:
        raise ValueError(
            f'steps should be at least {best.state.step}, the step that the checkpoints in '
            f'{workdir} have reached. Found steps = {options.steps}. Pass more steps, or another '
            'workdir.'
        )
    log = Log(workdir if jax.process_index() == 0 else None, int(best.state.step), best.log)
    stack.enter_context(contextlib.closing(log))
    return _Record(best, log)


def _loop(
    run: Runner,
    evaluations: Evaluations,
    records: Sequence[_Record],
    strategy: Strategy,
    options: Options,
    title: str | None,
) -> tuple[TrainState, Rate]:
    """Run chunks of steps, log and evaluate between them; return the last states and the speed."""
    first, rate = records[0].best, Rate()
    states = strategy.replicate(_packed([record.best.state for record in records]))
    schedule = options.schedule
    steps, patience = schedule.steps, schedule.patience
    with Progress(steps, title) as bar:
        for start, stop in chunks_of(int(first.state.step), steps, schedule.log_every):
            if patience is not None and first.chosen.since >= patience:
                break
            interrupt = None
            try:
                with rate.of(stop - start):
                    states, infos = run(states, start, stop)
            except Interrupted as error:
                states, infos, interrupt = error.state, error.infos, error
            check_infos(_unpacked(infos, len(records), axis=1), start, options.weighting)
            losses = _log_chunk(records, infos, stop, options)
            bar.advance(stop, losses, rate.steps_per_second * len(records))
            if schedule.evaluates(stop):
                results = _evaluate(evaluations, records, strategy.fetch(states), stop)
                bar.evaluated(stop, results[0])
            if interrupt is not None or (stop < steps and is_asked(options.stop)):
                _keep(records, strategy.fetch(states), stop)
                raise interrupt or StoppedError(stop)
    return strategy.fetch(states), rate


def _log_chunk(
    records: Sequence[_Record], infos: Infos, stop: int, options: Options
) -> dict[str, float]:
    """Log a chunk; return the mean losses of the first seed."""
    parts, scheduled = _unpacked(infos, len(records), axis=1), options.scheduled(stop)
    for record, part in zip(records, parts, strict=True):
        record.log.write(stop, mean_row(part) | scheduled)
    return mean_losses(parts[0])


def _evaluate(
    evaluations: Evaluations, records: Sequence[_Record], states: TrainState, step: int
) -> list[Results]:
    results = evaluations.validate(states.params, states.state)
    unpacked = _unpacked(states, len(records))
    for record, state, result in zip(records, unpacked, results, strict=True):
        check_params(state.params, result, step)
        record.log.write(step, validation_row(result))
        record.log.flush()
        evaluations.test_last(step, state, record.best.tests)
        record.best.consider(step, state, result, record.log.sum)
    return results


def _keep(records: Sequence[_Record], states: TrainState, step: int) -> None:
    unpacked = _unpacked(states, len(records))
    for record, state in zip(records, unpacked, strict=True):
        record.best.keep(step, state, record.log.sum)


def _packed(states: Sequence[Any]) -> Any:
    """Return one tree for all seeds: the only one, or all of them stacked."""
    return states[0] if len(states) == 1 else trees.stack(states)


def _unpacked(tree: Any, count: int, axis: int = 0) -> list[Any]:
    """Undo `_packed`, where the seeds lie along ``axis``."""
    if count == 1:
        return [tree]
    return [
        jax.tree.map(lambda leaf, i=index: leaf[i] if axis == 0 else leaf[:, i], tree)
        for index in range(count)
    ]
