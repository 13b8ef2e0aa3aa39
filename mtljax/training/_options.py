"""The options of training."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import optax

from mtljax.base import Batch, Key, MultiTask, Task, Weighting
from mtljax.options import check_count
from mtljax.training._evaluate import Results
from mtljax.training._parallel import check_parallel, strategy_of
from mtljax.training._schedule import Schedule, schedule_of
from mtljax.training._select import select_by
from mtljax.training._step import TrainStep, train_step


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """The options of `train`, `train_seeds`, `preflight` and `should_vmap_seeds`.

    You can pass an ``Options`` object to each of these functions, or its fields as keywords, or
    both. A keyword then replaces the field.

    Args:
      steps: The total number of training steps.
      batch_size: The number of examples per step, over all devices.
      weighting: The method that chooses the weights of the losses; `weighting.equal` when None.
      engine: How the task gradients are computed; see `gradients.task_gradients`.
      prefer: What the engine ``'auto'`` saves: ``'time'`` or ``'memory'``.
      micro_batches: The number of slices of a batch. The slices run one after the other, which
        saves memory. The gradients of each task are summed over the slices before the surgery.
      pooled: What the summed loss of a task is divided by. If False, it is the number of labels of
        this task in the batch. If True, it is the number of labels of all tasks together.
      augment: A function ``(key, batch) -> batch`` that keeps all shapes, such as
        `data.augment_scenes`. It runs on the device at the start of each step.
      parallel: How several devices are used: ``'jit'`` runs one program over a mesh of all devices,
        and ``'pmap'`` runs one program per device.
      stream: Whether the examples are streamed to the device. When None, data larger than 1 GiB is
        streamed.
      workers: The number of threads that read streamed examples in advance.
      eval_batch_size: The number of examples per batch in evaluation.
      log_every: The number of steps in a chunk. The losses are logged once per chunk.
      eval_every: The number of steps between two evaluations on the validation split. Each
        evaluation also writes a checkpoint. The number must be a multiple of ``log_every``. When
        None, it is a tenth of ``steps``.
      patience: Training stops after this many evaluations without a better one.
      select: A function from validation results to a score that is higher for better results. The
        default score is the mean loss, negated.
      average_last: Test the parameters of this many last evaluations, and report the mean of the
        test results. Published tables of data sets without a validation split are made in this way.
        Test results are then not used to choose parameters.

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
    select: Callable[[Results], float] | None = None
    average_last: int | None = None

    def __post_init__(self):
        check_count('eval_batch_size', self.eval_batch_size, 1)
        check_count('workers', self.workers, 1)
        self.schedule.last(self.average_last)
        check_parallel(self.parallel)

    @classmethod
    def of(cls, options: 'Options | None' = None, **keywords: Any) -> 'Options':
        """Return the options, in which keywords replace fields.

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
                f'Options of training should be among {", ".join(fields)}. Found {unknown}. '
                'Correct or remove them.'
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
        """The function ``select``, or the default score."""
        return select_by() if self.select is None else self.select

    def step(
        self,
        model: MultiTask,
        tasks: Mapping[str, Task],
        tx: optax.GradientTransformation,
    ) -> TrainStep:
        """Return the `train_step` with these options."""
        return train_step(
            model,
            tasks,
            tx,
            weighting=self.weighting,
            engine=self.engine,
            prefer=self.prefer,
            micro_batches=self.micro_batches,
            pooled=self.pooled,
            augment=self.augment,
            axis_name=strategy_of(self.parallel).axis_name,
        )
