"""The model of a run in the format of ONNX."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtljax import serving
from mtljax.build._export import export_by
from mtljax.build._run import Run


def export_onnx(
    run: Run,
    path: str | Path,
    *,
    tasks: Sequence[str] = (),
    results: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the model of a run to a file of ONNX; see `serving.export_onnx`.

    Args:
      run: The run.
      path: The path of the file, which ends with ``.onnx``. An existing file is replaced.
      tasks: The tasks that the file answers. By default, all tasks are included.
      results: The results on the test split, for the manifest.

    Returns:
      The manifest.

    Raises:
      ValueError: A task is unknown, a parameter is not finite, or the model cannot be converted.
      ImportError: The extra ``onnx`` is not installed.
    """
    return export_by(serving.export_onnx, run, path, tasks, results)


def export_triton(
    run: Run,
    path: str | Path,
    *,
    tasks: Sequence[str] = (),
    results: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the model of a run to a folder for Triton; see `serving.export_triton`.

    Args:
      run: The run.
      path: The path of the folder, which does not exist yet. Its name is that of the model.
      tasks: The tasks that the model answers. By default, all tasks are included.
      results: The results on the test split, for the manifest.

    Returns:
      The manifest.

    Raises:
      ValueError: The path is in use, a task is unknown, a parameter is not finite, or the model
        cannot be converted.
      ImportError: The extra ``onnx`` is not installed.
    """
    return export_by(serving.export_triton, run, path, tasks, results)
