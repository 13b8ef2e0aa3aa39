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
from mtljax.training._average import swapped
from mtljax.training._calls import Interrupted
from mtljax.training._evaluate import Results, evaluator
from mtljax.training._evaluations import Evaluations
from mtljax.training._labels import check_labels, ranges_of
from mtljax.training._log_rows import Row
from mtljax.training._options import Options
from mtljax.training._parallel import Strategy, strategy_of
from mtljax.training._preflight import check_arguments, checked_start
from mtljax.training._progress import Progress
from mtljax.training._rate import Rate
from mtljax.training._records import (
    Record,
    evaluate,
    keep,
    log_chunk,
    open_record,
    packed,
    unpacked,
)
from mtljax.training._run_file import claim_data, is_trained
from mtljax.training._runner import Runner, runner, scans_well
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
      best: The state at the evaluation with the best score on the validation split. With the option
        ``ema``, its parameters are the average.
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
            open_record(stack, workdir, options, start, seed, model.tasks)
            for seed, start in zip(seeds, starts, strict=True)
        ]
        states, rate = _loop(run, evaluations, records, strategy, options, title)
    best = packed([record.best.best for record in records])
    if evaluations.last:
        tests = [evaluations.means(records[0].best.tests)]
    else:
        tests = evaluations.test(best.params, best.state)
    return [
        Result(
            state=state if record.end is None else record.end,
            best=record.best.best,
            best_step=record.best.chosen.step,
            validation=record.best.chosen.results,
            test=test,
            steps_per_second=rate.steps_per_second * len(seeds),
            history=record.log.rows,
        )
        for state, record, test in zip(unpacked(states, len(seeds)), records, tests, strict=True)
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


def _loop(
    run: Runner,
    evaluations: Evaluations,
    records: Sequence[Record],
    strategy: Strategy,
    options: Options,
    title: str | None,
) -> tuple[TrainState, Rate]:
    """Run chunks of steps, log and evaluate between them; return the last states and the speed."""
    first, rate, count = records[0].best, Rate(), len(records)
    states = strategy.replicate(packed([swapped(record.best.state) for record in records]))
    schedule = options.schedule
    steps, patience = schedule.steps, schedule.patience
    with Progress(steps, title) as bar:
        for start, stop in chunks_of(int(first.state.step), steps, schedule.log_every):
            if patience is not None and first.chosen.since >= patience:
                break
            if all(record.end is not None for record in records):
                break
            interrupt = None
            try:
                with rate.of(stop - start):
                    states, infos = run(states, start, stop)
            except Interrupted as error:
                states, infos, interrupt = error.state, error.infos, error
            mixing = jax.device_get(strategy.fetch(records[0].mixing.arrays(states)))
            losses = log_chunk(records, infos, mixing, start, stop, options)
            bar.advance(stop, losses, rate.steps_per_second * count)
            if schedule.evaluates(stop):
                before = strategy.fetch(states)
                after, results = evaluate(evaluations, records, before, stop, options)
                states = states if after is before else strategy.replicate(after)
                bar.evaluated(stop, results[0])
            if interrupt is not None or (stop < steps and is_asked(options.stop)):
                keep(records, strategy.fetch(states), stop)
                raise interrupt or StoppedError(stop)
    return strategy.fetch(states), rate
