"""Every scheme: who reaches which parameter; and the schemes that equal one another."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import backbones, heads, sharing, surgery, training, trees
from tests.helpers import (
    NAMES,
    assert_close,
    assert_same,
    rows_of,
    small_batch,
    small_model,
    small_tasks,
    stand_in,
)

SCHEMES = {
    'hard': (sharing.hard, {}),
    'branched early': (sharing.branched, {'at': {'b': 1, 'wide': 2}}),
    'branched alone': (sharing.branched, {'at': {'b': 1, 'wide': 1}}),
    'branched input': (sharing.branched, {'at': {'b': 0, 'wide': 0}}),
    'branched pair': (sharing.branched, {'at': {'a': 0}}),
    'independent': (sharing.independent, {}),
}
BACKBONE = backbones.mlp((6, 5, 4), activation=jnp.tanh)


def model_of(scheme, names=NAMES, **options):
    tasks = small_tasks()
    return scheme(BACKBONE, {name: tasks[name].head for name in names}, **options)


@pytest.fixture(scope='module', params=SCHEMES.values(), ids=SCHEMES)
def case(request):
    """A model, its parameters and which task's loss has a gradient at each leaf."""
    scheme, options = request.param
    model = model_of(scheme, **options)
    params, cut = stand_in(model, small_tasks(), small_batch())
    rows = rows_of(lambda p: cut(p)[0], params, len(NAMES))
    return SimpleNamespace(model=model, params=params, cut=cut, rows=rows)


def test_shared_is_what_several_tasks_reach(case):
    for leaf in jax.tree.leaves(case.rows['shared']):
        assert sum(row.any() for row in leaf) >= 2


def test_task_is_what_one_task_reaches(case):
    own = dict(case.rows['task'])
    for stacked in jax.tree.leaves(own.pop('towers', {})):
        reached = stacked.reshape(len(NAMES), len(NAMES), -1).any(-1)
        assert reached.tolist() == np.eye(len(NAMES), dtype=bool).tolist()
    for leaf in jax.tree.leaves(own):
        assert sum(row.any() for row in leaf) == 1


def test_each_head_is_reached_by_its_own_task(case):
    for index, name in enumerate(NAMES):
        leaves = jax.tree.leaves(case.rows['task']['heads'][name])
        assert all(leaf[index].any() for leaf in leaves)


def test_readout_of_some_tasks_is_that_of_all(case):
    model, params = case.model, case.params
    x = small_batch().inputs
    _, state = jax.jit(model.init)(jax.random.key(0), x)

    @jax.jit
    def both(params):
        z, now = model.features(params, state, x)
        return model.readout(params, now, z)[0], model.readout(params, now, z, tasks=('a', 'b'))[0]

    every, some = both(params)
    assert set(every) == set(NAMES)
    assert_close(some, {name: every[name] for name in ('a', 'b')})


def test_tasks_keep_the_order_in_which_they_were_written(case):
    tasks, batch = small_tasks(), small_batch()
    assert case.model.tasks == NAMES

    @jax.jit
    def both(params):
        _, state = case.model.init(jax.random.key(0), batch.inputs)
        return case.cut(params)[0], case.model.apply(params, state, batch.inputs)[0]

    found, predictions = both(case.params)
    for index, name in enumerate(NAMES):
        expected = tasks[name].loss(predictions[name], batch.targets[name]).mean()
        np.testing.assert_allclose(found[index], expected, rtol=1e-5)


def test_branched_at_the_end_is_hard():
    x = small_batch().inputs
    found = []
    for model in (
        model_of(sharing.hard),
        model_of(sharing.branched, at=dict.fromkeys(NAMES, 3)),
    ):
        params, state = jax.jit(model.init)(jax.random.key(0), x)
        found.append((params, model.apply(params, state, x)))
    assert_same(*found)


@pytest.mark.parametrize(
    ('at', 'message'),
    [
        ({'c': 1}, r"unknown tasks \['c'\]. Found heads \['wide', 'b', 'a'\]"),
        ({'b': 4}, r"at\['b'\] should lie in 0..3.*Found 4"),
        ({'b': -1}, r"at\['b'\] should lie in 0..3.*Found -1"),
        (dict.fromkeys(NAMES, 2), '3 stages, but no task goes beyond 2'),
    ],
)
def test_branches_that_do_not_fit(at, message):
    with pytest.raises(ValueError, match=message):
        model_of(sharing.branched, at=at)


@pytest.mark.parametrize('scheme', [sharing.hard, sharing.independent])
@pytest.mark.parametrize(
    ('backbone', 'own', 'message'),
    [
        (list(BACKBONE), {'a': heads.linear()}, 'tuple of stages'),
        ((len,), {'a': heads.linear()}, 'tuple of stages'),
        (BACKBONE, {}, 'one at least'),
        (BACKBONE, {'a': len}, "head of task 'a' should be a Module"),
    ],
)
def test_arguments_that_are_no_modules(scheme, backbone, own, message):
    with pytest.raises(ValueError, match=message):
        scheme(backbone, own)


def sgd_run(model, tasks, params, state, batch):
    """Five steps from given parameters."""
    tx = optax.chain(surgery.sum(), optax.sgd(0.1))
    step = training.train_step(model, tasks, tx)
    start = step.init(jax.random.key(0), batch)._replace(params=params, state=state)
    body = jax.jit(lambda s: jax.lax.scan(lambda s, _: step.update(s, batch), s, None, 5)[0])
    return body(start).params


def test_independent_is_each_task_alone():
    names, tasks, batch = ('wide', 'a'), small_tasks(), small_batch()
    tasks = {name: tasks[name] for name in names}
    model = model_of(sharing.independent, names)
    params, state = jax.jit(model.init)(jax.random.key(0), batch.inputs)
    both = sgd_run(model, tasks, params, state, batch)
    for index, name in enumerate(names):
        alone = model_of(sharing.hard, (name,))
        start = {
            'shared': trees.row(params['task']['towers'], index),
            'task': {'heads': {name: params['task']['heads'][name]}},
        }
        empty = jax.jit(alone.init)(jax.random.key(0), batch.inputs)[1]
        after = sgd_run(alone, {name: tasks[name]}, start, empty, batch)
        assert_close(trees.row(both['task']['towers'], index), after['shared'])
        assert_close(both['task']['heads'][name], after['task']['heads'][name])
        assert (both['task']['heads'][name]['Dense_0']['bias'] != 0).any()


def test_one_task_is_a_plain_network():
    tasks = {'b': small_tasks()['b']}
    model, batch = small_model(tasks=tasks), small_batch()
    params, cut = stand_in(model, tasks, batch)

    def plain(params):
        x = batch.inputs
        for layer in (*params['shared'].values(), params['task']['heads']['b']):
            x = x @ layer['Dense_0']['kernel'] + layer['Dense_0']['bias'][None]
            x = x if x.shape[1] == 1 else jax.nn.relu(x)
        return ((x[:, 0] - batch.targets['b']) ** 2).mean()

    rows = rows_of(lambda p: cut(p)[0], params, 1)
    assert_close(trees.row(rows, 0), jax.jit(jax.grad(plain))(params))
