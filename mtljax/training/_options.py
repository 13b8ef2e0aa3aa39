"""The options of training."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optax

from mtljax._near import did_you_mean
from mtljax._shown import shown
from mtljax.base import Batch, Key, MultiTask, Task, Weighting
from mtljax.options import (
    check_count,
    check_flag,
    check_function,
    check_option,
    check_optional_count,
)
from mtljax.training._average import with_average
from mtljax.training._callbacks import Callback
from mtljax.training._evaluate import Results
from mtljax.training._log_schedules import Schedules, check_schedules, values_at
from mtljax.training._logger import OpenLogger
from mtljax.training._parallel import check_parallel, strategy_of
from mtljax.training._schedule import Schedule, schedule_of
from mtljax.training._select import select_by
from mtljax.training._step import TrainStep, train_step
from mtljax.training._task_stops import with_stops


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """The options of `train`, `train_seeds`, `preflight` and `should_vmap_seeds`.

    To each of these functions, you can pass an ``Options`` object, or the fields as keywords, or
    both. If you pass both, a keyword replaces the field of the object.

    Args:
      steps: The total number of training steps.
      batch_size: The number of examples per step, over all devices.
      weighting: The method that chooses the weights of the losses. None means `weighting.equal`.
      engine: The name of the method that computes the task gradients. The names are explained in
        `gradients.task_gradients`. ``'auto'`` chooses a method.
      prefer: What ``engine='auto'`` tries to save, ``'time'`` or ``'memory'``.
      micro_batches: The number of slices into which a batch is divided. The slices run one after
        the other, which saves memory. The surgery receives the gradients of the whole batch.
      pooled: The loss of a task is a sum over its labels in the batch, divided by a count. If
        False, the count is the number of labels of this task. If True, the count is the number of
        labels of all tasks together.
      augment: A function ``(key, batch) -> batch`` that changes the examples at random but keeps
        all shapes, such as `data.augment_scenes`. It runs on the device at the start of each step.
        None means no augmentation.
      parallel: How several devices are used: ``'jit'`` runs one program over a mesh of all devices,
        and ``'pmap'`` runs one program per device.
      stream: If True, each batch is copied to the device when it is needed. If False, the whole
        training split is stored on the device. None means True if the data is larger than 1 GiB or
        is not in memory.
      workers: With streaming, the number of threads that read examples in advance.
      eval_batch_size: The number of examples per batch in evaluation.
      log_every: The mean losses are logged every ``log_every`` steps.
      eval_every: The number of steps between two evaluations on the validation split, a multiple of
        ``log_every``. If `train` has a ``workdir``, each evaluation also writes a checkpoint. None
        means about a tenth of ``steps``.
      patience: Training stops after this number of evaluations without a better score. None means
        that training never stops early.
      task_patience: A task stops after this number of evaluations without a lower validation loss
        of its own: its labels are hidden from then on, so that the weight of its loss is 0. Its
        parameters may still move a little, by the momentum and the weight decay of the optimiser,
        and the shared parameters move on with the other tasks. Training ends when all tasks have
        stopped. None means that no task stops before the others.
      select: A function from the validation results to a score, which must be higher for better
        results, such as `select_by`. The default score is the negative mean of the losses of all
        tasks.
      average_last: If this is a number m, the model is tested at each of the last m evaluations,
        and the reported test result is the mean of these m results. Papers on data sets without a
        validation split often report such a mean. None means that only the best parameters are
        tested.
      stop: A function without arguments that is called every ``log_every`` steps. If it returns
        True, training writes a checkpoint, if there is a ``workdir``, and raises `StoppedError`.
        The same call to `train` later continues from there. None means that nothing stops it.
      allow_unlabelled: The tasks that may have no label in the training split. For every other
        task, this is an error.
      gradient_norms: Whether the log has ``gradient/TASK``, the norm of the gradient of the
        weighted loss of each task, as the surgery gets it. The gradient is that of the shared
        parameters. If the tasks share nothing, it is that of the own parameters of the task. If the
        surgery does not need the gradients of single tasks, as `surgery.sum`, a step takes much
        longer.
      ema: If this is a number between 0 and 1, such as 0.999, training keeps an exponential moving
        average of the parameters with this decay. The average is what is evaluated, chosen, tested
        and saved: ``result.best`` holds it. ``result.state`` holds the last parameters, from which
        training continues. The state of the model, such as the statistics of batch norm, is
        averaged in the same way. None means no average.
      callbacks: Functions that are called after each evaluation with an `Evaluation`. If one
        returns True, the training ends, as with ``patience``. The same call to `train` on the same
        ``workdir`` then trains no further; without callbacks, it goes on.
      loggers: Functions that open loggers, such as `log_to_wandb` returns. Each gets all rows of
        the log. None means `log_to_tensorboard` alone. The file ``metrics.jsonl`` is always written
        if there is a ``workdir``.
      log_schedules: Schedules that are logged, such as ``{'learning_rate': schedule}``. A schedule
        is a number, or a function from the number of steps before a step to a number. Training does
        not use them: pass the schedule of your optimiser. None means no schedule.

    Raises:
      ValueError: An option is out of range.

    >>> options = Options(steps=1000, batch_size=32)
    >>> options.schedule.eval_every
    100
    """

    steps: int
    batch_size: int
    weighting: Weighting | None = None
    engine: str = 'auto'
    prefer: str = 'time'
    micro_batches: int = 1
    pooled: bool = False
    augment: Callable[[Key, Batch], Batch] | None = None
    parallel: str = 'jit'
    stream: bool | None = None
    workers: int = 4
    eval_batch_size: int = 1024
    log_every: int = 100
    eval_every: int | None = None
    patience: int | None = None
    task_patience: int | None = None
    select: Callable[[Results], float] | None = None
    average_last: int | None = None
    stop: Callable[[], bool] | None = None
    allow_unlabelled: Sequence[str] = ()
    gradient_norms: bool = False
    log_schedules: Schedules | None = None
    ema: float | None = None
    callbacks: Sequence[Callback] = ()
    loggers: Sequence[OpenLogger] | None = None

    def __post_init__(self):
        for name in ('batch_size', 'micro_batches', 'eval_batch_size', 'workers'):
            check_count(name, getattr(self, name), 1)
        check_flag('pooled', self.pooled)
        check_flag('gradient_norms', self.gradient_norms)
        check_schedules(self.log_schedules or {})
        if self.stream is not None:
            check_flag('stream', self.stream)
        for name in ('augment', 'select', 'stop'):
            check_function(name, getattr(self, name))
        for name in ('callbacks', 'loggers'):
            _check_functions(name, getattr(self, name))
        check_optional_count('task_patience', self.task_patience)
        if self.ema is not None:
            check_option('ema', self.ema, 'above 0 and below 1', lambda x: (x > 0) & (x < 1))
        self.schedule.last(self.average_last)
        if self.average_last is not None and self.task_patience is not None:
            raise ValueError(
                'task_patience should be None with average_last, which needs a known last step. '
                f'Found task_patience = {self.task_patience}. Leave one of them out.'
            )
        check_parallel(self.parallel)

    @classmethod
    def of(cls, options: 'Options | None' = None, **keywords: Any) -> 'Options':
        """Make options from an `Options` object, from keywords, or from both.

        If you pass both, a keyword replaces the field of the object.

        Raises:
          TypeError: A keyword is not an option, or ``steps`` or ``batch_size`` is missing.

        >>> Options.of(Options(steps=10, batch_size=4), steps=20).steps
        20
        >>> Options.of(stepz=20)
        Traceback (most recent call last):
        TypeError: Options of training should be among steps, ... Found ['stepz']. ...
        """
        fields = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(set(keywords) - set(fields))
        if unknown:
            raise TypeError(
                f'Options of training should be among {", ".join(fields)}. Found {shown(unknown)}.'
                f'{did_you_mean(unknown, fields) or " Correct or remove them."}'
            )
        if options is not None:
            return dataclasses.replace(options, **keywords)
        missing = sorted({'steps', 'batch_size'} - set(keywords))
        if missing:
            raise TypeError(f'Training needs steps and batch_size. Add {" and ".join(missing)}.')
        return cls(**keywords)

    @property
    def schedule(self) -> Schedule:
        """The steps at which training logs and evaluates."""
        return schedule_of(self.steps, self.log_every, self.eval_every, self.patience)

    @property
    def score(self) -> Callable[[Results], float]:
        """The function ``select``, or the default score if ``select`` is None."""
        return select_by() if self.select is None else self.select

    def scheduled(self, step: int) -> dict[str, float]:
        """Return the value of each schedule of the log in the last of ``step`` steps."""
        return values_at(self.log_schedules or {}, step - 1)

    def step(
        self,
        model: MultiTask,
        tasks: Mapping[str, Task],
        tx: optax.GradientTransformation,
    ) -> TrainStep:
        """Return the `train_step` with these options."""
        step = train_step(
            model,
            tasks,
            tx,
            weighting=self.weighting,
            engine=self.engine,
            prefer=self.prefer,
            micro_batches=self.micro_batches,
            pooled=self.pooled,
            augment=self.augment,
            gradient_norms=self.gradient_norms,
            axis_name=strategy_of(self.parallel).axis_name,
        )
        if self.task_patience is not None:
            step = with_stops(step, model.tasks)
        return step if self.ema is None else with_average(step, self.ema)


def _check_functions(name: str, value: Any) -> None:
    """Raise a ValueError unless the value is None or a list of functions."""
    known = value is None or isinstance(value, list | tuple)
    if not known or not all(callable(each) for each in value or ()):
        raise ValueError(f'{name} should be a list of functions. Found {name} = {value!r:.200}.')
