"""A finished run."""

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax

from mtljax import serving
from mtljax.base import Dataset, MultiTask, Task
from mtljax.data import Schema, TextSchema
from mtljax.serving import Parts
from mtljax.training import Saved


@dataclass(frozen=True, eq=False)
class Run:
    """A run that was read from its folder.

    Attributes:
      config: The config of the run.
      model: The model.
      tasks: The `Task` of each task.
      saved: The parameters, the state of the model, and the step of the checkpoint.
      example: A small batch of inputs, which shows their shapes and dtypes.
      schema: How rows of a table are encoded; None if the run was trained on other data.
      read_data: A function that reads the data set of the run.
      model_of: A function ``(tasks) -> MultiTask`` that builds a model of some of the tasks.
      text: How texts are encoded; None if the run was trained on other data.
    """

    config: Mapping[str, Any]
    model: MultiTask
    tasks: Mapping[str, Task]
    saved: Saved
    example: Any
    schema: Schema | None
    read_data: Callable[[], Dataset]
    model_of: Callable[[Sequence[str]], MultiTask]
    text: TextSchema | None = None

    @functools.cached_property
    def dataset(self) -> Dataset:
        """The data set of the run, which is read when it is first asked for.

        Raises:
          ValueError: The data cannot be read, or have changed since the run.
        """
        return self.read_data()

    def predict(self, examples: Any, tasks: Collection[str] = ()) -> Parts:
        """Answer for new examples.

        Args:
          examples: For a run on a table, the cells of each input column, ``{column: N cells}``; see
            `Schema.encode`. For other runs, the inputs of the model, a tree of arrays ``[N, ...]``.
          tasks: The tasks that answer. By default, all do.

        Returns:
          The answers, ``{task: {part: array [N, ...]}}``; see `mtljax.answers`.

        Raises:
          ValueError: A column is missing, a cell does not fit its column, a task is unknown, or
            there is no example.
        """
        inputs = examples if self.schema is None else self.schema.encode(examples).inputs
        return self.answer(inputs, tuple(tasks))

    def answer(
        self, inputs: Any, tasks: Sequence[str] = (), sizes: Sequence[int] | None = None
    ) -> Parts:
        """Answer for inputs of the model, in batches of these sizes; see `predict`.

        By default, the sizes are those of a service.
        """
        call = self._program(tuple(tasks))
        options = {} if sizes is None else {'sizes': sizes}
        found = serving.in_batches(
            lambda batch: call(self.saved.params, self.saved.state, batch), inputs, **options
        )
        return {name: found[name] for name in tasks or self.model.tasks}  # jax sorts names

    @functools.cache  # noqa: B019 - a run lives as long as its programs
    def _program(self, tasks: tuple[str, ...]) -> Callable[..., Parts]:
        return jax.jit(serving.program(self.model, self.tasks, tasks))
