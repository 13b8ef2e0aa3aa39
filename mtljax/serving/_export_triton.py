"""Writing a model to a folder for Triton."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtljax.base import MultiTask, Params, State, Task
from mtljax.data import Schema
from mtljax.files import check_free
from mtljax.serving._onnx.model import onnx_model
from mtljax.serving._onnx.triton import write_triton


def export_triton(
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
    """Write a model to a folder of a Triton model repository.

    The folder ``NAME`` holds ``config.pbtxt``, with dynamic batching, and ``1/model.onnx``, the
    file of `export_onnx`. Beside them are ``manifest.json``, and for a table ``schema.json``, which
    Triton does not read: a client encodes its rows by the schema, and sends encoded arrays.

    Args:
      path: The path of the folder, ``REPOSITORY/NAME``. It does not exist yet. ``NAME``, the name
        of the model, has letters, digits and ``_.-`` only.
      model: The model.
      tasks: The `Task` of each task of the model.
      variables: The parameters and the state of the model.
      inputs: A small batch of inputs, which shows their shapes and dtypes.
      schema: For a table, how its rows are encoded.
      chosen: The tasks that the model answers. By default, all tasks of the model.
      about: What else the manifest says, as JSON types.

    Returns:
      The manifest.

    Raises:
      ValueError: The path is in use or has another name, or as in `export_onnx`.
      ImportError: The extra ``onnx`` is not installed.
    """
    target = Path(path)
    if not re.fullmatch(r'\w[\w.-]*', target.name, re.ASCII):
        raise ValueError(
            'path should end with the name of the model: letters, digits and _.- only. '
            f'Found path = {str(path)!r:.200}.'
        )
    check_free(target)
    made = onnx_model(model, tasks, variables, inputs, schema, chosen, about)
    write_triton(target, made)
    return made.manifest
