"""Writing a model to a file that answers without its code."""

import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtljax._extra import check_extra
from mtljax.base import MultiTask, Params, State, Task
from mtljax.data import Schema
from mtljax.serving._archive import PROGRAM, SCHEMA, WEIGHTS, write_archive
from mtljax.serving._export import PLATFORMS, exported, used_weights
from mtljax.serving._manifest import check_finite, described, origin, size_of
from mtljax.serving._program import program
from mtljax.serving._safetensors import to_safetensors
from mtljax.serving._weights import named, restored, stored, unnamed

_PROMISED = datetime.timedelta(days=180)  # jax reads an exported program for six months at least


def export(
    path: str | Path,
    model: MultiTask,
    tasks: Mapping[str, Task],
    variables: tuple[Params, State],
    inputs: Any,
    *,
    schema: Schema | None = None,
    chosen: Sequence[str] = (),
    dtype: str = 'float32',
    platforms: Sequence[str] = PLATFORMS,
    about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a model to a file, from which `load` reads it.

    The file is a zip file. It holds ``program.bin``, which `jax.export` made for any number of
    rows, ``weights.safetensors``, ``manifest.json``, and for a table ``schema.json``. Weights that
    the program does not read are left out.

    Args:
      path: The path of the file, which ends with ``.zip``. An existing file is replaced.
      model: The model.
      tasks: The `Task` of each task of the model.
      variables: The parameters and the state of the model.
      inputs: A small batch of inputs, which shows their shapes and dtypes.
      schema: For a table, how its rows are encoded.
      chosen: The tasks that the file answers. By default, all tasks of the model.
      dtype: How the weights are stored: ``'float32'``, ``'bfloat16'``, or ``'int8'`` with a scale
        per output channel. The program always computes with float32.
      platforms: The platforms that can run the program.
      about: What else the manifest says, as JSON types.

    Returns:
      The manifest.

    Raises:
      ValueError: An option is out of range, a task is unknown, or a parameter is not finite.
      ImportError: The extra ``export`` is not installed.

    >>> import tempfile
    >>> import jax
    >>> from mtljax import backbones, data, serving, sharing
    >>> digits = data.digits(train=4, validation=2, test=2)
    >>> model, inputs = sharing.hard(backbones.mlp((8,)), digits.heads), digits.test.arrays.inputs
    >>> variables = model.init(jax.random.key(0), inputs)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     manifest = serving.export(f'{folder}/model.zip', model, digits.tasks, variables, inputs)
    ...     found = serving.load(f'{folder}/model.zip').predict(inputs)
    >>> found['left']['class'].shape
    (2,)
    """
    check_extra('export', 'flatbuffers', 'safetensors')
    _check(Path(path), platforms)
    answer = program(model, tasks, chosen)
    inverse, weights = unnamed(*variables), named(*variables)
    check_finite(weights)

    def call(weights, inputs):
        return answer(*inverse(restored(weights)), inputs)

    used = used_weights(call, stored(weights, dtype), inputs)
    members = {
        PROGRAM: exported(call, used, inputs, platforms),
        WEIGHTS: to_safetensors(used),
    }
    if schema is not None:
        text = json.dumps(schema.to_json(), indent=2, ensure_ascii=False)
        members[SCHEMA] = text.encode()
    made = origin()
    manifest = {
        **described(model, tasks, chosen, inputs),
        'weights': size_of(used, dtype),
        **(about or {}),
        'platforms': list(platforms),
        **made,
        'readable_until': (datetime.date.fromisoformat(made['created']) + _PROMISED).isoformat(),
    }
    return write_archive(Path(path), manifest, members)


def _check(path: Path, platforms: Sequence[str]) -> None:
    if path.suffix != '.zip':
        raise ValueError(f'path should end with .zip. Found path = {str(path)!r:.200}.')
    other = [name for name in platforms if name not in PLATFORMS]
    if other or not platforms:
        raise ValueError(f'platforms should be some of {PLATFORMS}. Found {list(platforms)}.')
