"""Data: batches, splits and data sets."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from mtljax.base._arrays import PyTree
from mtljax.base._module import Module
from mtljax.base._task import Task


class Batch(NamedTuple):
    """A batch of B examples: the inputs, and for each task its targets, label mask and weights.

    Attributes:
      inputs: An array ``[B, ...]``, or a tree of such arrays.
      targets: ``{task: target}``. A target is an array ``[B, ...]``, or a tree of such arrays.
      mask: ``{task: booleans}``, which are True where the label exists. The shape is ``[B]`` for
        one label per example, or for example ``[B, height, width]`` for one label per pixel.
      weight: ``{task: weights}``, which are finite numbers >= 0 and say how much each label counts
        in losses and metrics. The shape is that of the mask, or its first axes. A label of weight 0
        counts as missing. The labels of a task that is left out all count the same.
    """

    inputs: PyTree
    targets: dict[str, Any]
    mask: dict[str, Any]
    weight: dict[str, Any] = {}  # noqa: RUF012 - a field of a NamedTuple, which nothing changes


@runtime_checkable
class Split(Protocol):
    """One split of a data set, such as the training split. Any example can be read by its index."""

    @property
    def size(self) -> int:
        """The number of examples."""
        ...

    @property
    def example(self) -> Batch:
        """A small batch, which shows the shapes and dtypes of the examples."""
        ...

    def take(self, indices: Any) -> Batch:
        """The examples at ``indices`` (a NumPy array of integers), as NumPy arrays."""
        ...

    def batches(self, batch_size: int, *, epochs: int = 1, seed: int = 0) -> Iterator[Batch]:
        """Yield shuffled batches of equal size, for ``epochs`` passes over the split."""
        ...


@dataclass(frozen=True)
class Dataset:
    """A data set: its tasks, and its training, validation and test splits.

    Attributes:
      tasks: ``{task: Task}``. Arrays with one entry per task, such as loss weights, follow the
        order of this mapping.
      train: The examples that the parameters are fitted to.
      validation: The examples that are used to choose options, and the best step of a training.
      test: The examples that are used once, for the final evaluation.
      inputs: Keyword arguments for a backbone, which describe the inputs. An example is
        ``{'cardinalities': (3, 5), 'numeric': 1}`` for `backbones.tabular`.
      per_task_inputs: Whether every task has its own inputs. The inputs of a batch are then
        ``{task: inputs of this task}``; see `sharing.multi_input`.
      fitted: What the loader fitted to the training rows, such as categories, as JSON types.
      schema: What is needed to encode new rows of a table or new texts, as JSON types; see
        `data.Schema` and `data.TextSchema`.
    """

    tasks: Mapping[str, Task]
    train: Split
    validation: Split
    test: Split
    inputs: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    per_task_inputs: bool = field(default=False, kw_only=True)
    fitted: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    schema: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    def __post_init__(self):
        if not self.tasks:
            raise ValueError('Dataset.tasks should hold a task or more. Found no task.')
        for name, task in self.tasks.items():
            if not isinstance(task, Task):
                raise ValueError(f'Dataset.tasks[{name!r}] should be a Task. Found {task!r}.')

    @property
    def apart(self) -> bool:
        """The old name of ``per_task_inputs``."""
        text = 'Dataset.apart is now Dataset.per_task_inputs.'
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return self.per_task_inputs

    @property
    def heads(self) -> dict[str, Module]:
        """The head of each task, in the order of ``tasks``."""
        return {name: task.head for name, task in self.tasks.items()}
