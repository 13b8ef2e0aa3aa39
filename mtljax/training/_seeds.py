"""Runs that differ in the seed alone: one after the other, or all in one program."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import optax

from mtljax import trees
from mtljax.base import Dataset, MultiTask, TrainState
from mtljax.module import shapes
from mtljax.training._best_state import BestState
from mtljax.training._evaluate import Results, evaluator
from mtljax.training._finite import check_losses, check_params
from mtljax.training._logging import Log
from mtljax.training._loop import Result, checked_start, train
from mtljax.training._parallel import strategy_of
from mtljax.training._preflight import preflight
from mtljax.training._progress import Progress
from mtljax.training._rate import Rate
from mtljax.training._rows import mean_losses, mean_row, validation_row
from mtljax.training._runner import Runner, runner, scans_well
from mtljax.training._schedule import Schedule, chunks_of, schedule_of
from mtljax.training._select import select_by
from mtljax.training._step import train_step


def train_seeds(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    *,
    seeds: Sequence[int],
    together: bool,
    steps: int,
    batch_size: int,
    parallel: str = 'jit',
    stream: bool | None = None,
    workers: int = 4,
    eval_batch_size: int = 1024,
    log_every: int = 100,
    eval_every: int | None = None,
    patience: int | None = None,
    select: Callable[[Results], float] | None = None,
    average_last: int | None = None,
    progress: str | None = None,
    **options: Any,
) -> list[Result]:
    """What `train` returns for each seed, without work folders.

    ``together``: all seeds are one vmapped program, which wins where a step is small, or a device
    large; see `should_vmap_seeds`. Every seed has its own initial parameters, order of examples,
    dropout and best step. A program of several seeds has no early stopping, and
    ``steps_per_second`` counts the steps of all of them.

    Args:
      model: see `train`.
      dataset: see `train`.
      tx: see `train`.
      seeds: one run each.
      together: one program, or one run after the other.
      steps: see `train`.
      batch_size: see `train`.
      parallel: ``'jit'``; for runs one after the other also ``'pmap'``.
      stream: see `train`; not for one program.
      workers: see `train`.
      eval_batch_size: see `train`.
      log_every: see `train`.
      eval_every: see `train`.
      patience: see `train`; not for one program.
      select: see `train`.
      average_last: see `train`; not for one program.
      progress: the title of a progress bar; none is drawn when left out.
      **options: see `train_step`.

    Raises:
      ValueError: see `train`; no seed, or an option that one program cannot have.
      NonFiniteLossError: a loss of any seed is NaN or infinite.

    >>> from mtljax import backbones, data, sharing, surgery
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.on_shared(surgery.pcgrad()), optax.adam(1e-2))
    >>> size = {'steps': 4, 'batch_size': 16, 'log_every': 2}
    >>> found = train_seeds(model, digits, tx, seeds=(0, 1), together=True, **size)
    >>> [run.best_step for run in found]
    [4, 4]
    """
    if not seeds:
        raise ValueError('seeds is empty: at least one is expected.')
    schedule = schedule_of(steps, log_every, eval_every, patience)
    select = select_by() if select is None else select
    if not together:
        more: dict[str, Any] = {
            'batch_size': batch_size,
            'parallel': parallel,
            'stream': stream,
            'workers': workers,
        }
        more |= {
            'select': select,
            'eval_batch_size': eval_batch_size,
            'average_last': average_last,
            'progress': progress,
            **schedule._asdict(),
            **options,
        }
        return [train(model, dataset, tx, seed=seed, **more) for seed in seeds]
    if parallel != 'jit' or patience is not None or stream or average_last is not None:
        raise ValueError(
            "Seeds in one program need parallel='jit', no average_last, no patience and no stream. "
            f'Found parallel = {parallel!r}, patience = {patience}, stream = {stream}, '
            f'average_last = {average_last}.'
        )
    preflight(
        model,
        dataset,
        tx,
        batch_size=batch_size,
        select=select,
        eval_batch_size=eval_batch_size,
        **schedule._asdict(),
        **options,
    )
    strategy = strategy_of(parallel)
    step = train_step(model, dataset.tasks, tx, **options)
    starts = [checked_start(model, dataset, step, seed) for seed in seeds]
    run = runner(
        jax.vmap(step.update),
        dataset.train,
        strategy,
        batch_size=batch_size,
        seed=tuple(seeds),
        steps=steps,
        scan=scans_well(model, starts[0], shapes(dataset.train.example)),
    )
    best_states = [BestState(None, select, start, {}) for start in starts]
    many: dict[str, Any] = {'put': strategy.put, 'seeds': len(seeds), 'batch_size': eval_batch_size}
    validate = evaluator(model, dataset.tasks, dataset.validation, **many)
    logs = [Log(None, 0) for _ in seeds]
    first = strategy.replicate(trees.stack(starts))
    states, rate = _fit(first, run, validate, best_states, logs, schedule, progress)
    best = trees.stack([best_state.best for best_state in best_states])
    tests = evaluator(model, dataset.tasks, dataset.test, **many)(best.params, best.state)
    return [
        Result(
            state=trees.row(states, index),
            best=best_state.best,
            best_step=best_state.chosen.step,
            validation=best_state.chosen.results,
            test=tests[index],
            steps_per_second=rate.steps_per_second * len(seeds),
            history=logs[index].rows,
        )
        for index, best_state in enumerate(best_states)
    ]


def _fit(
    states: TrainState,
    run: Runner,
    validate: Callable[[Any, Any], list[Results]],
    best_states: Sequence[BestState],
    logs: Sequence[Log],
    schedule: Schedule,
    title: str | None,
) -> tuple[TrainState, Rate]:
    rate = Rate()
    with Progress(schedule.steps, title) as bar:
        for start, stop in chunks_of(0, schedule.steps, schedule.log_every):
            with rate.of(stop - start):
                states, infos = run(states, start, stop)
            for index, log in enumerate(logs):
                own = jax.tree.map(lambda leaf, i=index: leaf[:, i], infos)
                check_losses(own['loss'], start)
                log.write(stop, mean_row(own))
            first = jax.tree.map(lambda leaf: leaf[:, 0], infos)
            bar.advance(stop, mean_losses(first), rate.steps_per_second * len(logs))
            if schedule.evaluates(stop):
                found = validate(states.params, states.state)
                for index, (best_state, log) in enumerate(zip(best_states, logs, strict=True)):
                    now = trees.row(states, index)
                    check_params(now.params, found[index], stop)
                    log.write(stop, validation_row(found[index]))
                    best_state.consider(stop, now, found[index])
    return states, rate
