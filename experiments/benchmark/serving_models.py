"""Exported models of one table with four tasks: one encoder, four of them, and a mixture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax

from mtljax import backbones, serving, sharing
from mtljax.base import MultiTask
from mtljax.data import Schema, table

TASKS = ('click', 'convert', 'report', 'return')
_COLUMNS, _EXPERTS = 20, 4


def schema() -> Schema:
    """Return the schema of a table with 20 numbers and four binary targets."""
    columns = {f'x{index}': [0.1 * index, -1.5, 2.25] * 20 for index in range(_COLUMNS)}
    targets = dict.fromkeys(TASKS, [0, 1, 1, 0] * 15)
    return Schema.from_json(table(columns | targets, TASKS).schema)


def row() -> dict[str, float]:
    """Return a row of the table."""
    return {f'x{index}': round(0.37 * index - 3, 2) for index in range(_COLUMNS)}


def models(widths: Sequence[int]) -> dict[str, MultiTask]:
    """Return the models on an encoder: shared, one per task, and a mixture."""
    fitted = schema()
    ends = {name: task.head for name, task in fitted.tasks.items()}
    encoder = backbones.tabular(**fitted.options, widths=tuple(widths))
    return {
        'hard': sharing.hard(encoder, ends),
        'independent': sharing.independent(encoder, ends),
        'mmoe': sharing.mmoe(encoder, ends, num_experts=_EXPERTS, start=1),
    } | {f'only {name}': sharing.hard(encoder, {name: ends[name]}) for name in TASKS}


def variables_of(model: MultiTask) -> tuple[Any, Any]:
    """Return random parameters and the state of a model of the table."""
    inputs = schema().encode({name: [cell, cell] for name, cell in row().items()}).inputs
    return jax.jit(lambda key: model.init(key, inputs))(jax.random.key(0))


def export_all(folder: Path, widths: Sequence[int]) -> dict[str, Path]:
    """Write each model to a file, with random parameters, and return the paths."""
    fitted, paths = schema(), {}
    inputs = fitted.encode({name: [cell, cell] for name, cell in row().items()}).inputs
    for name, model in models(widths).items():
        paths[name] = folder / f'{name.replace(" ", "_")}.zip'
        tasks = {task: fitted.tasks[task] for task in model.tasks}
        serving.export(paths[name], model, tasks, variables_of(model), inputs, schema=fitted)
    return paths
