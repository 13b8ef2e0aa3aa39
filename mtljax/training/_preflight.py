"""All that training would refuse, before anything is compiled."""

from collections.abc import Callable
from typing import Any

import jax
import optax

from mtljax.base import Batch, Dataset, Key, MultiTask
from mtljax.training._evaluate import Results
from mtljax.training._features import check_augment
from mtljax.training._parallel import check_batch_size, strategy_of
from mtljax.training._schedule import schedule_of
from mtljax.training._select import filled, select_by
from mtljax.training._step import train_step


def preflight(
    model: MultiTask,
    dataset: Dataset,
    tx: optax.GradientTransformation,
    *,
    steps: int,
    batch_size: int,
    parallel: str = 'jit',
    log_every: int = 100,
    eval_every: int | None = None,
    patience: int | None = None,
    select: Callable[[Results], float] | None = None,
    average_last: int | None = None,
    augment: Callable[[Key, Batch], Batch] | None = None,
    micro_batches: int = 1,
    stream: bool | None = None,
    workers: int = 4,
    eval_batch_size: int = 1024,
    **options: Any,
) -> None:
    """See by their shapes that model, data, optimiser and options of `train` fit.

    Args:
      model: see `train`.
      dataset: see `train`.
      tx: see `train`.
      steps: see `train`.
      batch_size: see `train`.
      parallel: see `train`.
      log_every: see `train`.
      eval_every: see `train`.
      patience: see `train`.
      select: see `train`.
      average_last: see `train`.
      augment: see `train_step`.
      micro_batches: see `train`.
      stream: see `train`.
      workers: see `train`.
      eval_batch_size: see `train`.
      **options: see `train_step`.

    Raises:
      ValueError: what `train` would raise before its first step.

    >>> from mtljax import backbones, data, sharing, surgery
    >>> digits = data.digits(train=64, validation=16, test=16)
    >>> model = sharing.hard(backbones.mlp((8,)), digits.heads)
    >>> tx = optax.chain(surgery.sum(), optax.sgd(0.1))
    >>> preflight(model, digits, tx, steps=4, batch_size=128)
    Traceback (most recent call last):
    ValueError: batch_size should be at most the 64 training examples. Found batch_size = 128.
    """
    schedule_of(steps, log_every, eval_every, patience).last(average_last)
    check_augment(dataset, augment)
    strategy = strategy_of(parallel)
    check_batch_size(batch_size, micro_batches, dataset.train.size)
    for name, value in (('eval_batch_size', eval_batch_size), ('workers', workers)):
        if value < 1:
            raise ValueError(f'{name} should be at least 1. Found {name} = {value}.')
    (select_by() if select is None else select)(filled(dataset.tasks, 1.0))
    options |= {'micro_batches': micro_batches, 'axis_name': strategy.axis_name}
    options |= {'augment': augment}
    step = train_step(model, dataset.tasks, tx, **options)
    jax.eval_shape(step.init, jax.random.key(0), dataset.train.example)
