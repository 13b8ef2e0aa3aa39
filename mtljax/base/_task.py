"""Tasks and metrics."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jax.typing import ArrayLike

from mtljax.base._arrays import Array, PyTree
from mtljax.base._module import Module


class Metric(NamedTuple):
    """A metric, as two functions: one evaluates a batch, and the other computes the final value.

    Attributes:
      update: ``(prediction, target, mask) -> sums``, for one batch. ``mask`` holds booleans
        ``[B, ...]`` that say which labels exist. The sums of all batches are added. If the labels
        have weights, the call is ``update(prediction, target, mask, weight)``, with weights in the
        shape of the mask, which are 0 where the label is missing.
      result: ``(sums) -> scalar``, the value of the metric from the total sums.
      higher_is_better: Whether a higher value is better.
      collects: Whether ``update`` returns arrays ``[n, ...]`` instead of sums, where n may be any
        number. The arrays of all batches are then concatenated as NumPy arrays, and ``result`` gets
        them. This is for metrics that need all predictions of a split at once.
    """

    update: Callable[..., PyTree]
    result: Callable[[PyTree], ArrayLike]
    higher_is_better: bool
    collects: bool = False


class Answer(NamedTuple):
    """How a task answers: a prediction in the words and the units of the user.

    `mtljax.answers` has functions that make an answer, and says what ``description`` holds.

    Attributes:
      apply: ``(prediction) -> {part: array [B, ...]}``, for example the probabilities of a logit.
        The function can be traced by jax.
      description: What the parts mean, as JSON types.
    """

    apply: Callable[[Any], dict[str, Array]]
    description: Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """One task: its head, the loss that trains it, and the metrics that evaluate it.

    Attributes:
      head: A `Module` that computes the prediction from the features.
      loss: ``(prediction, target) -> [B, ...]``, one loss per example (or per pixel, or per time
        step). The loss of an example should not depend on other examples, unless ``over_rows``.
      metrics: ``{name: Metric}``. The first one is the main metric of the task.
      inverse: A function that brings a prediction or a target back to its original unit. It is
        needed only if the data set scales its targets. The metrics do not use it.
      ignore: A label that stands for a missing one, such as 255. The target should be one array.
      answer: How the task answers, for example with a probability. The default follows from the
        loss; see `answers.of`.
      over_rows: Whether the loss compares examples, as ranking losses do. The loss is then
        ``(prediction, target, mask) -> scalar``, the loss of the examples in the mask. In training
        it is the loss of a whole batch, so ``micro_batches`` and ``pmap`` are refused, and so are
        weights. In an evaluation it is the mean over the batches of ``eval_batch_size`` examples,
        in which every batch counts by its number of labels. The last batch may be smaller.
    """

    head: Module
    loss: Callable[..., Array]
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    inverse: Callable[[Any], Any] = lambda y: y
    ignore: float | None = None
    over_rows: bool = False
    answer: Answer | None = None

    def __post_init__(self):
        rules = {
            'head': (isinstance(self.head, Module), 'a Module'),
            'loss': (callable(self.loss), 'a function (prediction, target) -> [B, ...]'),
            'inverse': (callable(self.inverse), 'a function'),
            'ignore': (isinstance(self.ignore, int | float | None), 'a number'),
            'over_rows': (isinstance(self.over_rows, bool), 'a boolean'),
            'answer': (isinstance(self.answer, Answer | None), 'an Answer, from mtljax.answers'),
        }
        for name, (holds, rule) in rules.items():
            if not holds:
                raise ValueError(f'Task.{name} should be {rule}. Found {getattr(self, name)!r}.')
        if 'loss' in self.metrics:
            raise ValueError("Task.metrics should not have the name 'loss'. Choose another name.")
        for name, metric in self.metrics.items():
            if not isinstance(metric, Metric):
                raise ValueError(f'Task.metrics[{name!r}] should be a Metric. Found {metric!r}.')
