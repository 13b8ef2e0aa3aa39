"""From a run to a file that answers without the code that trained it."""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mtljax import serving
from mtljax.build._needed import needed
from mtljax.build._run import Run


def export(
    run: Run,
    path: str | Path,
    *,
    tasks: Sequence[str] = (),
    dtype: str = 'float32',
    platforms: Sequence[str] = ('cpu', 'cuda', 'tpu'),
    results: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the model of a run to a file; see `serving.export`.

    Args:
      run: The run.
      path: The path of the file, which ends with ``.zip``. An existing file is replaced.
      tasks: The tasks that the file answers. Weights that they do not need are left out. By
        default, all tasks are included.
      dtype: How the weights are stored, ``'float32'``, ``'bfloat16'`` or ``'int8'``.
      platforms: The platforms that can run the program.
      results: The results on the test split, for the manifest.

    Returns:
      The manifest.

    Raises:
      ValueError: An option is out of range, a task is unknown, or a parameter is not finite.
      ImportError: The extra ``export`` is not installed.
    """
    write = functools.partial(serving.export, dtype=dtype, platforms=platforms)
    return export_by(write, run, path, tasks, results)


def export_by(
    write: Callable[..., dict[str, Any]],
    run: Run,
    path: str | Path,
    tasks: Sequence[str],
    results: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Write the model of a run with one of the functions of `serving`; see `export`."""
    model, params, state = needed(run, tasks)
    return write(
        path,
        model,
        run.tasks,
        (params, state),
        run.example,
        schema=run.schema,
        chosen=tasks,
        about={'step': run.saved.step, 'test': results or {}},
    )
