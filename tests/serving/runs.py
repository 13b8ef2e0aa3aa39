"""Runs on a small table, which were not trained, and their answers."""

from dataclasses import replace

import jax
import numpy as np

from experiments.selfcheck.sharing_schemes import SCHEMES, build
from mtljax import answers, backbones, data
from mtljax.build import Run
from mtljax.training import Saved

TABLE = {'size': [1.5, None, 3], 'kind': ['b', 'new', None], 'colour': ['x', 'y', 'x']}
ANY = ('price', 'sold', 'style')
EVENTS = ('seen', 'sold')
GATED = dict.fromkeys(('mmoe', 'omoe', 'dselect_k', 'cgc', 'ple', 'adatt'), 'start')
GATED['task_token'] = 'before'


def datasets(folder):
    """A small table with other targets for funnels, as two data sets."""
    rng = np.random.default_rng(0)
    lines = ['size,kind,colour,price,sold,seen,style']
    for row in range(60):
        cells = rng.normal(), 'abc'[row % 3], 'xy'[row % 2], 1000 + rng.normal(), row % 2, row % 2
        lines.append(','.join(map(str, (*cells, 'uvw'[rng.integers(3)]))))
    path = folder / 'shop.csv'
    path.write_text('\n'.join(lines))
    return {
        names: data.csv(
            path, names, drop=[n for n in ('price', 'sold', 'seen', 'style') if n not in names]
        )
        for names in (ANY, EVENTS)
    }


def run_of(dataset, name):
    """A run of a scheme that was not trained."""
    scheme = SCHEMES[name]
    names = EVENTS if scheme.tasks != 'any' else ANY
    if name in GATED:  # gates read the embedded columns
        scheme = replace(scheme, options={**scheme.options, GATED[name]: 1})
    sets = dataset[names]

    def model_of(tasks):
        stages = backbones.tabular(**sets.inputs, embedding=(3, 4), widths=(8,) * scheme.num_stages)
        return build(scheme, stages, {name: sets.tasks[name] for name in tasks})

    model, example = model_of(names), sets.train.example.inputs
    params, state = model.init(jax.random.key(1), example)
    rng = np.random.default_rng(0)
    noisy = jax.tree.map(lambda x: x + 0.1 * rng.normal(size=x.shape).astype(x.dtype), params)
    saved = Saved(noisy, state, 7, names, {})
    schema = data.Schema.from_json(sets.schema)
    return Run({}, model, sets.tasks, saved, example, schema, lambda: sets, model_of)


def applied(run, table, tasks=()):
    """The answers by `model.apply`."""
    inputs = run.schema.encode(table).inputs
    predictions, _ = jax.jit(run.model.apply)(run.saved.params, run.saved.state, inputs)
    return {
        name: answers.of(run.tasks[name]).apply(predictions[name]) for name in tasks or predictions
    }


def assert_near(found, right, share=1e-5):
    assert list(found) == list(right)
    for task, parts in right.items():
        for part, values in parts.items():
            atol = share * max(1, np.abs(values).max())
            np.testing.assert_allclose(found[task][part], values, rtol=0, atol=atol)
