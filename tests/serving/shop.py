"""A small model of a table, as a file."""

import jax
import numpy as np

from mtljax import backbones, data, sharing
from mtljax import build as building
from mtljax.build import Run
from mtljax.data import Column
from mtljax.data._table.categories import Categories
from mtljax.data._table.numbers import Numbers
from mtljax.training import Saved

_MISSING = ('', 'NA')
_NUMBERS = Numbers(1000.0, 2.0, 990.0, 1010.0)
SCHEMA = data.Schema(
    (
        Column('price', True, _MISSING, 0.0, _NUMBERS),
        Column('sold', True, _MISSING, 0.0, Categories((0.0, 1.0))),
        Column('style', True, _MISSING, 0.0, Categories(('u', 'v', 'w'))),
    ),
    (
        Column('size', False, _MISSING, 0.0, Numbers(2.0, 1.0, 0.0, 4.0)),
        Column('kind', False, _MISSING, 0.0, Categories(('a', 'b', 'c'))),
        Column('colour', False, _MISSING, 0.0, Categories(('x', 'y'))),
    ),
)


def run(schema=SCHEMA):
    """A run with random parameters."""
    tasks = schema.tasks
    backbone = backbones.tabular(**schema.options, widths=(8,))
    model = sharing.hard(backbone, {name: task.head for name, task in tasks.items()})
    inputs = schema.encode({column.name: [None] * 2 for column in schema.inputs}).inputs
    params, state = model.init(jax.random.key(0), inputs)
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda x: x + 0.3 * rng.normal(size=x.shape).astype(x.dtype), params)
    saved = Saved(params, state, 1, model.tasks, {})
    return Run({}, model, tasks, saved, inputs, schema, lambda: None, lambda names: model)


def write_model(path, schema=SCHEMA):
    """Write the model of the run."""
    building.export(run(schema), path)
    return path
