"""The training loop that most people call."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import optax

from mtljax.base import Batch, Dataset, Key, MultiTask, TrainState, Weighting
from mtljax.module import shapes
from mtljax.training._best_state import BestState, identity
from mtljax.training._check import check_batch, with_rows
from mtljax.training._evaluate import Results, evaluator
from mtljax.training._evaluations import Evaluations
from mtljax.training._features import check_augment
from mtljax.training._finite import check_losses, check_params
from mtljax.training._logging import Log, Row
from mtljax.training._parallel import Strategy, check_batch_size, strategy_of
from mtljax.training._progress import Progress
from mtljax.training._rate import Rate
from mtljax.training._rows import mean_losses, mean_row, validation_row
from mtljax.training._runner import Runner, runner, scans_well
from mtljax.training._schedule import Schedule, chunks_of, schedule_of
from mtljax.training._select import filled, select_by
from mtljax.training._step import TrainStep, train_step


class Result(NamedTuple):
    """What `train` returns.

    Attributes:
      state: the last state.
      best: the state with the parameters of the best evaluation on validation.
      best_step: when that was.
      validation: its results, ``{task: {metric: value}}``.
      test: the results of ``best`` on the test split; with ``average_last`` the means of the last
        evaluations.
      steps_per_second: of training alone, without chunks that compile where there are others; NaN
        where nothing was left to train.
      history: the logged rows.
    """

    state: TrainState
    best: TrainState
    best_step: int
    validation: Results
    test: Results
    steps_per_second: float
    history: list[Row]


def train(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    *,
    steps: int,
    batch_size: int,
    seed: int = 0,
    weighting: Weighting | None = None,
    engine: str = 'auto',
    prefer: str = 'time',
    micro_batches: int = 1,
    pooled: bool = False,
    augment: Callable[[Key, Batch], Batch] | None = None,
    parallel: str = 'jit',
    stream: bool | None = None,
    workers: int = 4,
    eval_batch_size: int = 1024,
    log_every: int = 100,
    eval_every: int | None = None,
    patience: int | None = None,
    select: Callable[[Results], float] | None = None,
    average_last: int | None = None,
    workdir: str | Path | None = None,
    progress: str | None = None,
) -> Result:
    """Train, evaluate, choose the best parameters on validation, and test them once.

    Small data stays on the device and a chunk of steps is one compiled loop; large data is streamed
    with prefetch. With a ``workdir``, training goes on from its newest checkpoint, to the same bits
    as if it had never stopped.

    Args:
      model: a sharing scheme on a backbone and ``dataset.heads``.
      dataset: tasks and splits.
      tx: an optax chain that begins with a surgery.
      steps: how many, in all.
      batch_size: over all devices.
      seed: of the initial parameters, the order of the examples and dropout.
      weighting: see `train_step`.
      engine: see `train_step`.
      prefer: see `train_step`.
      micro_batches: see `train_step`.
      pooled: see `train_step`.
      augment: see `train_step`.
      parallel: ``'jit'`` (one program over a mesh of all devices) or ``'pmap'``.
      stream: whether to stream the examples; by default what is larger than 1 GiB.
      workers: threads that read ahead what is streamed.
      eval_batch_size: examples at a time in evaluation.
      log_every: steps per chunk; losses are fetched and logged once a chunk.
      eval_every: steps between validations, each with a checkpoint; a multiple of ``log_every``, by
        default a tenth of the steps.
      patience: stop after that many evaluations without a better one.
      select: the score of validation results, higher is better; by default the mean loss.
      average_last: test the parameters of so many last evaluations, and report the means: as tables
        do whose benchmark has no validation split. No test result chooses anything.
      workdir: for ``metrics.jsonl``, TensorBoard events and ``checkpoints/``.
      progress: the title of a progress bar; none is drawn when left out.

    Raises:
      ValueError: options, shapes or checkpoints that do not fit; before training starts.
      NonFiniteLossError: a loss is NaN or infinite; it names task and step.

    >>> from mtljax import backbones, data, sharing, surgery
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(1e-2))
    >>> result = train(model, digits, tx, steps=4, batch_size=16, log_every=2)
    >>> result.best_step, sorted(result.test['left'])
    (4, ['accuracy', 'loss'])
    """
    schedule = schedule_of(steps, log_every, eval_every, patience)
    last = schedule.last(average_last)
    check_augment(dataset, augment)
    strategy = strategy_of(parallel)
    check_batch_size(batch_size, micro_batches, dataset.train.size)
    select = select_by() if select is None else select
    select(filled(dataset.tasks, 1.0))
    step = train_step(
        model,
        dataset.tasks,
        tx,
        weighting=weighting,
        engine=engine,
        prefer=prefer,
        micro_batches=micro_batches,
        pooled=pooled,
        augment=augment,
        axis_name=strategy.axis_name,
    )
    state = checked_start(model, dataset, step, seed)
    run = runner(
        step.update,
        dataset.train,
        strategy,
        batch_size=batch_size,
        seed=seed,
        steps=steps,
        scan=scans_well(model, state, shapes(dataset.train.example)),
        stream=stream,
        workers=workers,
    )
    workdir = None if workdir is None else Path(workdir)
    settings = identity(
        model.tasks,
        seed=seed,
        batch_size=batch_size,
        micro_batches=micro_batches,
        pooled=pooled,
        average_last=average_last,
    )
    best_state = BestState(workdir, select, state, settings)
    if best_state.state.step > steps:
        best_state.close()
        raise ValueError(
            f'The checkpoints in {workdir} have reached step {best_state.state.step}. '
            f'Found steps = {steps}.'
        )
    log = Log(workdir if jax.process_index() == 0 else None, int(best_state.state.step))
    tasks, size = dataset.tasks, {'batch_size': eval_batch_size}
    validate = evaluator(model, tasks, dataset.validation, put=strategy.put, **size)
    test = evaluator(model, tasks, dataset.test, put=strategy.put, **size)
    looks = Evaluations(validate, test, last)
    with contextlib.closing(best_state), contextlib.closing(log):
        state, rate = _fit(run, looks, best_state, log, strategy, schedule, progress)
    best, chosen = best_state.best, best_state.chosen
    return Result(
        state=state,
        best=best,
        best_step=chosen.step,
        validation=chosen.results,
        test=looks.means(best_state.tests) if last else test(best.params, best.state),
        steps_per_second=rate.steps_per_second,
        history=log.rows,
    )


def _fit(
    run: Runner,
    looks: Evaluations,
    best_state: BestState,
    log: Log,
    strategy: Strategy,
    schedule: Schedule,
    title: str | None,
) -> tuple[TrainState, Rate]:
    """Chunks of steps, and what comes between them; the last state, and how fast it was."""
    state, rate = strategy.replicate(best_state.state), Rate()
    steps, log_every, patience = schedule.steps, schedule.log_every, schedule.patience
    with Progress(steps, title) as bar:
        for start, stop in chunks_of(int(best_state.state.step), steps, log_every):
            if patience is not None and best_state.chosen.since >= patience:
                break
            with rate.of(stop - start):
                state, infos = run(state, start, stop)
            check_losses(infos['loss'], start)
            log.write(stop, mean_row(infos))
            bar.advance(stop, mean_losses(infos), rate.steps_per_second)
            if schedule.evaluates(stop):
                now = strategy.fetch(state)
                results = looks.validate(now.params, now.state)
                check_params(now.params, results, stop)
                log.write(stop, validation_row(results))
                looks.test_last(stop, now, best_state.tests)
                best_state.consider(stop, now, results)
    return strategy.fetch(state), rate


def checked_start(model: MultiTask, dataset: Dataset, step: TrainStep, seed: int) -> TrainState:
    """The initial state, once every split is known to fit the model."""
    splits = {'train': dataset.train, 'validation': dataset.validation, 'test': dataset.test}
    for name, split in splits.items():
        if split.size < 1:
            raise ValueError(f'The {name} split is empty: at least one example is expected.')
    state = step.init(jax.random.key(seed), dataset.train.example)
    for split in splits.values():
        example = with_rows(shapes(split.example))
        check_batch(model, dataset.tasks, state.params, state.state, example)
    return state
