"""Every surgery keeps these rules; a new method is one row of tests/surgeries.py.

One compiled call per method and number of tasks answers all cases; the tests read the answers.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import gradients, surgery, training
from tests.helpers import (
    assert_close,
    assert_same,
    avals,
    small_batch,
    small_model,
    small_tasks,
)
from tests.surgeries import LOSS, METHODS

EACH = pytest.mark.parametrize('name', METHODS)
KEY = jax.random.key(3)
TASKS = 4
KEEPS = ((0, 2, 3), (2,))
KINDS = (  # how a method may read a Jacobian
    'sum',
    'cagrad',
    'graddrop',
    'conflict_free_momentum',
    'metabalance',
    'excess_mtl',
    'every',
    'per_leaf',
)


def params_of(dtype=jnp.float32):
    return {'kernel': jnp.zeros((2, 3), dtype), 'bias': jnp.zeros(2, dtype)}


def rows_like(params, tasks, seed=0):
    rng = np.random.default_rng(seed)
    draw = lambda leaf: jnp.asarray(rng.normal(size=(tasks, *leaf.shape)), leaf.dtype)  # noqa: E731
    return jax.tree.map(draw, params)


def each(fn, *rows):
    return jax.tree.map(fn, *rows)


@functools.cache
def compiled(name):
    return jax.jit(functools.partial(update, METHODS[name].method))


def update(method, rows, extra):
    """One update from the first state."""
    params = each(lambda leaf: leaf[0], rows)
    state = method.init(params, num_tasks=rows['bias'].shape[0])
    return method.update(rows, state, params, **extra)[0]


def run(name, rows, **extra):
    extra = {'key': KEY, 'losses': jnp.full(rows['bias'].shape[0], LOSS)} | extra
    return compiled(name)(rows, extra)


def cases():
    rows = rows_like(params_of(), TASKS)
    plain = {'rows': rows, 'active': jnp.ones(TASKS, bool), 'key': KEY}
    found = {'base': plain, 'other key': plain | {'key': jax.random.key(4)}}
    for scale in (1e-20, 1e-8, 1e10):
        found[scale] = plain | {'rows': each(lambda x, s=scale: x * s, rows)}
    found['equal'] = plain | {'rows': each(lambda x: jnp.broadcast_to(x[:1], x.shape), rows)}
    found['one zero'] = plain | {'rows': each(lambda x: x.at[-1].set(0), rows)}
    found['all zero'] = plain | {'rows': each(jnp.zeros_like, rows)}
    found['nan'] = plain | {'rows': each(lambda x: x.at[1].set(jnp.nan), rows)}
    found['reversed'] = plain | {'rows': each(lambda x: x[::-1], rows)}
    found['no task'] = plain | {'active': jnp.zeros(TASKS, bool)}
    for keep in KEEPS:
        active = jnp.zeros(TASKS, bool).at[np.array(keep)].set(True)
        gone = [task for task in range(TASKS) if task not in keep]
        broken = each(lambda x, g=gone: x.at[g[0]].set(jnp.nan).at[g[-1]].mul(1e6), rows)
        found[keep] = {'rows': broken, 'active': active, 'key': KEY}
    return found


@functools.cache
def answers(name):
    """What the method gives in every case, from one compiled call."""
    named = cases()
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *named.values())
    losses = jnp.full(TASKS, LOSS)

    def answer(case):
        rows = case.pop('rows')
        return update(METHODS[name].method, rows, case | {'losses': losses})

    found = jax.device_get(jax.jit(jax.vmap(answer))(stacked))
    return {case: each(lambda x, i=i: x[i], found) for i, case in enumerate(named)}


def row_of(index):
    return each(lambda x: np.asarray(x[index]), rows_like(params_of(), TASKS))


def length(tree):
    return float(np.sqrt(sum(np.sum(np.square(leaf)) for leaf in tree.values())))


@pytest.mark.parametrize('name', KINDS)
def test_neither_jit_nor_vmap_nor_the_engine_changes_anything(name):
    method, rows, params = METHODS[name].method, rows_like(params_of(), TASKS), params_of()

    def losses_of(params):
        scores = each(lambda row, p: (row * p[None]).reshape(TASKS, -1).sum(axis=1), rows, params)
        return sum(jax.tree.leaves(scores))

    jacobian = gradients.task_gradients(losses_of, params)[1]
    state, losses = method.init(params, num_tasks=TASKS), jnp.full(TASKS, LOSS)
    found = method.update(jacobian, state, params, key=KEY, losses=losses)[0]
    assert_close(found, answers(name)['base'], rtol=METHODS[name].rtol, atol=1e-5)


@EACH
def test_equal_gradients_show_the_scale(name):
    row = METHODS[name]
    one = row_of(0)
    norms = {leaf: np.linalg.norm(one[leaf]) for leaf in one}
    whole = length(one)
    for leaf, found in answers(name)['equal'].items():
        norm = norms[leaf] if name in ('per_leaf', 'per_group') else whole
        np.testing.assert_allclose(found, row.equal(TASKS, norm) * one[leaf], rtol=1e-4, atol=1e-6)


@EACH
def test_one_task_is_plain_descent(name):
    row, rows = METHODS[name], rows_like(params_of(), 1)
    only = each(lambda x: np.asarray(x[0]), rows)
    expected = each(lambda x: row.equal(1, length(only)) * x, only)
    assert_close(run(name, rows), expected, rtol=1e-4)


@EACH
@pytest.mark.parametrize('keep', KEEPS, ids=str)
def test_inactive_tasks_are_as_if_they_did_not_exist(name, keep):
    row = METHODS[name]
    if row.draws and len(keep) > 2 and 'drop' not in name:
        return  # another order would be drawn; the same method in order is a row of its own
    if name == 'metabalance' and 0 not in keep:
        return  # alone, another task would be the target
    alone = each(lambda x: x[np.array(keep)], rows_like(params_of(), TASKS))
    expected = run(name, alone)
    assert_close(answers(name)[keep], expected, rtol=row.rtol, atol=1e-5)


@EACH
def test_no_active_task_gives_no_update(name):
    assert not any(leaf.any() for leaf in answers(name)['no task'].values())


@EACH
def test_zero_rows(name):
    row, found = METHODS[name], answers(name)
    assert not any(leaf.any() for leaf in found['all zero'].values())
    assert all(np.isfinite(leaf).all() for leaf in found['one zero'].values())
    if row.zero_row is not None and not (row.draws and 'drop' not in name):
        without = run(name, each(lambda x: x[:-1], rows_like(params_of(), TASKS)))
        expected = each(lambda x: row.zero_row(TASKS) * x, without)
        assert_close(found['one zero'], expected, rtol=row.rtol, atol=1e-5)


@EACH
def test_gradients_that_are_not_finite_are_not_hidden(name):
    if name == 'conflict_free_momentum':
        return  # the first step reads the first task alone
    assert any(not np.isfinite(leaf).all() for leaf in answers(name)['nan'].values())


@EACH
@pytest.mark.parametrize('scale', [1e-20, 1e-8, 1e10])
def test_huge_and_tiny_gradients_scale_the_update(name, scale):
    row, found = METHODS[name], answers(name)
    if row.degree is None:
        assert length(each(lambda x: x / scale, found[scale])) < 2 * length(found['base']) + 10
        assert all(np.isfinite(leaf).all() for leaf in found[scale].values())
    else:
        factor = scale**row.degree
        expected = each(lambda x: x * np.float32(factor), found['base'])
        assert_close(found[scale], expected, rtol=1e-3, atol=1e-5 * factor)


@EACH
def test_order_of_the_tasks_and_randomness(name):
    row, found = METHODS[name], answers(name)
    if row.symmetric:
        assert_close(found['reversed'], found['base'], rtol=row.rtol, atol=1e-5)
    if row.draws:
        with pytest.raises(ValueError, match='key'):
            run(name, rows_like(params_of(), 3), key=None)
    else:
        assert_same(found['other key'], found['base'])
        jax.eval_shape(functools.partial(run, name, key=None), rows_like(params_of(), 3))


@EACH
def test_shape_dtype_and_state_are_kept(name):
    method = METHODS[name].method
    for dtype in (jnp.float32, jnp.bfloat16):
        params = params_of(dtype)
        state = method.init(params, num_tasks=3)
        inputs = (rows_like(params, 3), jax.random.split(KEY, 2))

        def step(state, key, params=params, rows=inputs[0]):
            losses = jnp.full(3, LOSS)
            updates, state = method.update(rows, state, params, key=key, losses=losses)
            return state, updates

        after, updates = jax.eval_shape(lambda s, k: jax.lax.scan(step, s, k), state, inputs[1])
        assert each(lambda leaf: leaf.shape, updates) == {'kernel': (2, 2, 3), 'bias': (2, 2)}
        assert all(leaf.dtype == dtype for leaf in jax.tree.leaves(updates))
        assert jax.tree.structure(after) == jax.tree.structure(state)
        chosen = jax.eval_shape(
            lambda s, k: jax.lax.cond(True, lambda s: step(s, k)[0], lambda s: s, s), state, KEY
        )
        assert [(x.shape, x.dtype) for x in jax.tree.leaves(chosen)] == [
            aval[:2] for aval in avals(state)
        ]


@pytest.mark.parametrize('name', KINDS)
def test_bfloat16_is_near_float32(name):
    rows = rows_like(params_of(), 3, seed=5)
    low = each(lambda x: x.astype(jnp.bfloat16), rows)
    found = run(name, low)
    expected = run(name, each(lambda x: x.astype(jnp.float32), low))
    assert_close(
        each(lambda x: x.astype(jnp.float32), found), expected, rtol=2e-2, atol=2e-2 * LOSS
    )


@EACH
@pytest.mark.parametrize('shape', [(2,), (3, 2, 1), ()])
def test_other_shapes_than_one_row_per_task_are_refused(name, shape):
    params = {'w': jnp.zeros(2), 'v': jnp.zeros(2)}
    updates = {'w': jnp.zeros((3, 2)), 'v': jnp.zeros(shape)}
    method = METHODS[name].method
    with pytest.raises(ValueError, match=r'per-task gradients.*Found'):
        method.update(updates, method.init(params, num_tasks=3), params, key=KEY)


def test_every_method_and_wrapper_is_a_row():
    makers = set(surgery.__all__) - {'Surgery', 'SurgeryState', 'Traits', 'transform'}
    apart = {'from_cosines', 'from_gramian', 'on_shared', 'with_preference'}
    named = {name.split()[0] for name in METHODS}
    assert makers - apart == named


@EACH
def test_it_fits_a_model(name):
    """The state of a method has the structure of the gradients that a step gives it."""
    tx = optax.chain(surgery.on_shared(METHODS[name].method), optax.sgd(0.1))
    step = training.train_step(small_model(), small_tasks(), tx)
    state = step.init(KEY, small_batch())
    buffers = [id(leaf) for leaf in jax.tree.leaves(state)]
    assert len(set(buffers)) == len(buffers)
