"""A small model of a table, and rows for it whose answers are known."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from mtljax import backbones, data, serving, sharing
from mtljax.files import write_text

COLUMNS = ('rooms', 'kind', 'city', 'day')
_ROWS = 300


class Known(NamedTuple):
    """A row, its cells in the order of `COLUMNS`, and the answers of the model."""

    row: dict[str, Any]
    answer: dict[str, Any]


def write_model(folder: Path) -> tuple[Path, list[Known]]:
    """Write a model with random parameters; return its path, and rows with their answers."""
    rng = np.random.default_rng(0)
    lines: list[str] = [','.join((*COLUMNS, 'price', 'sold', 'state'))]
    for _ in range(_ROWS):
        cells = (
            rng.integers(9),
            rng.choice([*'abc']),
            f'city{rng.integers(40)}',
            _day(int(rng.integers(900))),
        )
        targets = rng.integers(1000), rng.integers(2), rng.choice([*'uvw'])
        lines.append(','.join(f'{cell}' for cell in (*cells, *targets)))
    write_text(folder / 'table.csv', '\n'.join(lines))
    sets = data.csv(folder / 'table.csv', ('price', 'sold', 'state'))
    heads = {name: task.head for name, task in sets.tasks.items()}
    model = sharing.hard(backbones.tabular(**sets.inputs, widths=(64,)), heads)
    inputs, schema = sets.train.example.inputs, data.Schema.from_json(sets.schema)
    variables = model.init(jax.random.key(0), inputs)
    path = folder / 'model.zip'
    serving.export(path, model, sets.tasks, variables, inputs, schema=schema)
    return path, _known(path)


def _day(number: int) -> str:
    return str(np.datetime64('2023-01-01') + number)


def _known(path: Path) -> list[Known]:
    rows = [
        {'rooms': rooms, 'kind': kind, 'city': city, 'day': day}
        for rooms in (1, 2.5, None)
        for kind in ('a', 'new', None)
        for city, day in (('city3', '2024-02-29'), ('city17', None))
    ]
    model = serving.load(path)
    found = model.rows(model.predict({name: [row[name] for row in rows] for name in COLUMNS}))
    return [
        Known(row, json.loads(json.dumps(answer))) for row, answer in zip(rows, found, strict=True)
    ]
