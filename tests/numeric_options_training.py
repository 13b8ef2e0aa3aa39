"""The numeric options of training, moves, modules, files and the checks of `mtljax.testing`.

Many functions here run for a long time. They get no model: a wrong value should be refused before
anything else is looked at. Values that they accept are not tried.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mtljax import Module, Task, files, module, moves, serving, sharing, testing, training
from tests.numeric_options import Case, accept, each

_SEED = {'seed': accept(0, runs=False)}
_SEEDS = {'seeds': each(0, runs=False)}
_PARTS = {'model': None, 'tasks': None}
_RUN = {'model': None, 'dataset': None, 'tx': None}
_STEPS = {'steps': 1, 'batch_size': 8}
_HARD = {'shared': {'stage0': jnp.ones(3)}, 'task': {'heads': {'a': jnp.ones(2)}}}
_FRESH = {
    'shared': {'experts': {'stage0': jnp.zeros((4, 3))}},
    'task': {'gates': {'a': jnp.ones(2)}, 'heads': {'a': jnp.zeros(2)}},
}
_DOUBLE = Module(lambda key, x: ({}, {}), lambda params, state, x, **_: (2 * x, state))
_MODEL = sharing.hard((_DOUBLE,), {'a': _DOUBLE})
_TASK = Task(_DOUBLE, optax.squared_error)


def _nothing(result):
    """Return nothing, where a result has no numbers."""


def _scaled(tx):
    updates = {'units': jnp.ones(2)}
    return tx.update(updates, tx.init(updates), updates)[0]


TRAINING = [
    Case(
        training.Options,
        dict.fromkeys(('steps', 'batch_size', 'micro_batches', 'workers'), accept())
        | dict.fromkeys(('eval_batch_size', 'log_every'), accept())
        | dict.fromkeys(('eval_every', 'patience', 'average_last', 'task_patience'), accept(None))
        | {'ema': accept(None)},
        {**_STEPS, 'log_every': 1},
        _nothing,
    ),
    Case(training.evaluate, {'batch_size': accept()}, {**_PARTS, 'state': None, 'split': None}),
    Case(
        training.evaluator,
        {'batch_size': accept(), 'seeds': accept(None, runs=False)},
        {**_PARTS, 'split': None},
    ),
    Case(
        training.find_learning_rate,
        {'count': accept(), 'lowest': accept(), 'highest': accept(2.5, runs=False), **_SEED},
        {'model': None, 'dataset': None, 'tx_of': None, 'batch_size': 8, 'lowest': 1e-6},
    ),
    Case(training.initial_state, _SEED, {**_RUN, **_STEPS}),
    Case(
        training.objective,
        {'micro_batches': accept()},
        {**_PARTS, 'state': None, 'batch': None, 'key': None},
    ),
    Case(
        training.precompute,
        {'stages': accept(), 'batch_size': accept(), **_SEED},
        {'dataset': None, 'backbone': None, 'stages': 1},
    ),
    Case(
        training.save_start,
        _SEED,
        {'workdir': None, 'model': None, 'state': None, 'results': None, 'options': None},
    ),
    Case(
        training.select_by,
        {'weights': each(0, 2.5, alone=[None], of=lambda value: {'a': value, 'b': 1})},
        {},
        lambda score: score({'a': {'loss': 1.0}, 'b': {'loss': 2.0}}),
    ),
    Case(training.scale_rate, {'multiple': accept(0, -1, 2.5)}, {'names': 'units'}, _scaled),
    Case(training.should_vmap_seeds, _SEEDS, {**_RUN, **_STEPS}),
    Case(training.train, _SEED, {**_RUN, **_STEPS}),
    Case(training.train_seeds, _SEEDS, {**_RUN, **_STEPS, 'together': False}),
    Case(
        training.train_step,
        {'micro_batches': accept()},
        {'model': _MODEL, 'tasks': {'a': _TASK}, 'tx': optax.identity()},
    ),
]

OTHERS = [
    Case(files.png_of, {'dpi': accept()}, {'figure': None}),
    Case(module.split_key, {'count': accept(0)}, {'key': None}),
    Case(module.stack, {'copies': accept()}, {'module': _DOUBLE}),
    Case(moves.between, {'noise': accept(0, 2.5)}, {'source': 'hard', 'target': 'mmoe'}, _nothing),
    Case(
        moves.hard_to_mmoe,
        {'noise': accept(0, 2.5)},
        {'hard': _HARD, 'fresh': _FRESH, 'key': jax.random.key(0)},
    ),
    Case(
        serving.in_batches,
        {'sizes': each()},
        {'call': jnp.square, 'inputs': np.arange(3.0)},
    ),
    Case(
        testing.check_surgery,
        {'degree': accept(0, -1, 2.5, None, runs=False), 'rtol': accept(0, 2.5, runs=False)},
        {'method': None},
    ),
    Case(testing.check_weighting, {'rtol': accept(0, 2.5, runs=False)}, {'weighting': None}),
]

CASES = TRAINING + OTHERS
