"""Writing a model to a file of ONNX."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtljax.base import MultiTask, Params, State, Task
from mtljax.data import Schema
from mtljax.files import write_bytes
from mtljax.serving._onnx.model import onnx_model


def export_onnx(
    path: str | Path,
    model: MultiTask,
    tasks: Mapping[str, Task],
    variables: tuple[Params, State],
    inputs: Any,
    *,
    schema: Schema | None = None,
    chosen: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a model to a file of ONNX, for any number of rows.

    Its inputs are the encoded arrays that the model reads, with the names of the manifest, such as
    ``'numeric'`` and ``'categorical'`` for a table. Its outputs are the answers, with names such as
    ``'price.value'``: the task and the part; see `mtljax.answers`. The metadata of the file hold
    the manifest and the schema, as the texts of two JSON files. The file holds the weights too.

    Before it is written, onnxruntime runs it on the inputs and on random ones. All answers must be
    those of the model, to 1e-5 of the largest answer of a task.

    Args:
      path: The path of the file, which ends with ``.onnx``. An existing file is replaced.
      model: The model.
      tasks: The `Task` of each task of the model.
      variables: The parameters and the state of the model.
      inputs: A small batch of inputs, which shows their shapes and dtypes.
      schema: For a table, how its rows are encoded.
      chosen: The tasks that the file answers. By default, all tasks of the model.
      about: What else the manifest says, as JSON types.

    Returns:
      The manifest.

    Raises:
      ValueError: A task is unknown, a parameter is not finite, the model has operations that cannot
        be converted, or it is larger than 2 GB.
      ImportError: The extra ``onnx`` is not installed.
    """
    target = Path(path)
    if target.suffix != '.onnx':
        raise ValueError(f'path should end with .onnx. Found path = {str(path)!r:.200}.')
    made = onnx_model(model, tasks, variables, inputs, schema, chosen, about)
    write_bytes(target, made.proto.SerializeToString())
    return made.manifest
