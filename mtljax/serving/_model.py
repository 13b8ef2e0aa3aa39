"""An exported model, read from its file."""

import datetime
import functools
import json
import logging
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
from jax import export

from mtljax import answers
from mtljax._extra import check_extra
from mtljax.data import Schema
from mtljax.serving._archive import PROGRAM, SCHEMA, WEIGHTS, read_archive
from mtljax.serving._batches import SIZES, in_batches
from mtljax.serving._program import Parts
from mtljax.serving._safetensors import from_safetensors
from mtljax.serving._weights import Weights

_SAFE = {'Sharding', 'shape_assertion'}  # of jax itself
_CALL = re.compile(r'custom_call\S*(?: @([\w.$]+))?')
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Model:
    """An exported model: it answers without the code that trained it.

    Attributes:
      manifest: What the file says about itself: tasks, inputs, versions, and metrics on test.
      schema: How rows of a table are encoded; None if the model takes arrays.
      weights: The named arrays that the program reads.
      program: The function ``(weights, inputs) -> {task: {part: array}}``, for any number of rows.
    """

    manifest: Mapping[str, Any]
    schema: Schema | None
    weights: Weights
    program: export.Exported

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that the model answers."""
        return tuple(self.manifest['tasks'])

    def predict(self, examples: Any, tasks: Collection[str] = ()) -> Parts:
        """Answer for new examples.

        Args:
          examples: For a model of a table, the cells of each input column, ``{column: N cells}``;
            see `data.Schema`. For other models, the inputs, a tree of arrays ``[N, ...]``.
          tasks: The tasks of which answers are returned. By default, all are.

        Returns:
          The answers, ``{task: {part: array [N, ...]}}``; see `mtljax.answers`.

        Raises:
          ValueError: A column is missing, a cell does not fit its column, a task is unknown, or
            there is no example.
        """
        unknown = [name for name in tasks if name not in self.tasks]
        if unknown:
            raise ValueError(f'tasks should name tasks of {[*self.tasks]}. Found {unknown}.')
        inputs = examples if self.schema is None else self.schema.encode(examples).inputs
        found = self.answer(inputs)
        return {name: found[name] for name in tasks or self.tasks}

    def answer(self, inputs: Any, sizes: Sequence[int] = SIZES) -> Parts:
        """Answer for inputs of the program, in batches of these sizes; see `predict`."""
        return in_batches(self.call, inputs, sizes)

    def rows(self, found: Parts) -> list[dict[str, Any]]:
        """Return answers as JSON types, ``[{task: answer}, ...]``; see `answers.rows`."""
        columns = [
            answers.rows(self.manifest['tasks'][name], parts) for name, parts in found.items()
        ]
        return [dict(zip(found, row, strict=True)) for row in zip(*columns, strict=True)]

    @functools.cached_property
    def call(self) -> Callable[[Any], Parts]:
        """The compiled program: a function from a batch of inputs to answers."""
        compiled = jax.jit(self.program.call)
        weights = jax.device_put(self.weights)
        return lambda inputs: compiled(weights, inputs)


def load(path: str | Path) -> Model:
    """Read a model that `export` wrote. Nothing is compiled or run yet.

    The checksums of all parts are compared. A program that would call code outside of itself is
    refused. Even so, a model is a program: it may compute for a long time, or take much memory.
    Read only files of people whom you trust.

    Args:
      path: The file.

    Raises:
      FileNotFoundError: There is no such file.
      ValueError: The file is damaged, is no model, is for another platform, or a newer version of
        mtljax wrote it.
      ImportError: The extra ``export`` is not installed.
    """
    check_extra('export', 'flatbuffers', 'safetensors')
    manifest, members = read_archive(Path(path))
    try:
        program = export.deserialize(bytearray(members[PROGRAM]))
        weights = from_safetensors(members[WEIGHTS])
        schema = members.get(SCHEMA)
        fitted = None if schema is None else Schema.from_json(json.loads(schema))
        _check_tasks(manifest)
        _check_weights(program, weights)
    except Exception as error:  # flatbuffers raises one of many kinds
        raise ValueError(
            f'{path} should be a whole model that mtljax exported. Found {error!s:.300}.'
        ) from error
    _check_platform(path, program)
    _check_calls(path, program)
    if manifest['readable_until'] < datetime.date.today().isoformat():
        _log.warning('%s is older than jax promises to read. Export it again.', path)
    return Model(manifest, fitted, weights, program)


def _check_tasks(manifest: Mapping[str, Any]) -> None:
    for name, task in manifest['tasks'].items():
        if not all(isinstance(part, dict) for part in task['parts'].values()):
            raise ValueError(f'no parts of the answer of task {name!r:.50}')
    datetime.date.fromisoformat(manifest['readable_until'])


def _check_weights(program: export.Exported, weights: Weights) -> None:
    (read, _), _ = jax.tree.unflatten(program.in_tree, program.in_avals)
    for name, expected in read.items():
        if name not in weights or weights[name].shape != expected.shape:
            raise ValueError(f'no weights {name!r:.100} of the shape {expected.shape}')


def _check_platform(path: Any, program: export.Exported) -> None:
    here = jax.default_backend()
    here = {'gpu': 'cuda'}.get(here, here)
    if here not in program.platforms:
        raise ValueError(
            f'{path} should be for the platform {here}. Found {list(program.platforms)}. '
            'Export it for this platform.'
        )


def _check_calls(path: Any, program: export.Exported) -> None:
    found = set(_CALL.findall(program.mlir_module())) - _SAFE
    if found:
        raise ValueError(
            f'{path} should call nothing outside of its program. Found {sorted(found)[:5]}.'
        )
