"""Every surgery keeps these rules; a new method is one row of tests/surgeries.py.

One compiled call per method and number of tasks answers all cases; the tests read the answers.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import gradients
from tests.helpers import assert_close, assert_same
from tests.surgery.surgeries import KEY, LOSS, METHODS, each, length, params_of, rows_like

EACH = pytest.mark.parametrize('name', METHODS)
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


def lazily(rows):
    """The Jacobian with these rows, of linear losses."""

    def losses_of(params):
        scores = each(lambda row, p: (row * p[None]).reshape(TASKS, -1).sum(axis=1), rows, params)
        return sum(jax.tree.leaves(scores))

    return gradients.task_gradients(losses_of, params_of())[1]


def cases():
    rows = rows_like(params_of(), TASKS)
    plain = {'rows': rows, 'active': jnp.ones(TASKS, bool), 'key': KEY}
    found = {'base': plain, 'other key': plain | {'key': jax.random.key(4)}}
    for scale in (1e-20, 1e-8, 1e10):
        found[scale] = plain | {'rows': each(lambda x, s=scale: x * s, rows)}
    apart = jnp.array([1e-16, 1e16, 1.0, 1e8])
    found['apart'] = plain | {
        'rows': each(lambda x: x * apart.reshape((-1,) + (1,) * (x.ndim - 1)), rows)
    }
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


@pytest.mark.parametrize('name', KINDS)
def test_neither_jit_nor_vmap_nor_the_engine_changes_anything(name):
    method, rows, params = METHODS[name].method, rows_like(params_of(), TASKS), params_of()
    jacobian = lazily(rows)
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
def test_gradients_of_very_different_size_stay_finite(name):
    assert all(np.isfinite(leaf).all() for leaf in answers(name)['apart'].values())


@EACH
def test_a_task_may_come_late_and_a_failure_is_never_hidden(name):
    """Steps: all but one task; all; none; a NaN; all again."""
    method, rows = METHODS[name].method, rows_like(params_of(), 3)
    params, every = each(lambda x: x[0], rows), jnp.ones(3, bool)
    broken = each(
        lambda x: x * jnp.array([1, jnp.nan, 1]).reshape((-1,) + (1,) * (x.ndim - 1)), rows
    )
    actives = jnp.stack([every.at[2].set(False), every, ~every, every, every])
    trees = each(lambda *leaves: jnp.stack(leaves), rows, rows, rows, broken, rows)

    def step(state, case):
        tree, active, key = case
        extra = {'active': active, 'key': key, 'losses': jnp.full(3, LOSS)}
        updates, state = method.update(tree, state, params, **extra)
        return state, updates

    state = method.init(params, num_tasks=3)
    keys = jax.random.split(KEY, 5)
    _, found = jax.jit(lambda s: jax.lax.scan(step, s, (trees, actives, keys)))(state)
    sizes = [length(each(lambda x, i=i: np.asarray(x[i]), found)) for i in range(5)]
    assert np.isfinite(sizes[:3]).all()
    assert sizes[1] < 20 * (sizes[0] + length(each(np.asarray, rows)))
    if name not in ('conflict_free_momentum', 'every'):  # they read other tasks, or older weights
        assert not np.isfinite(sizes[3])
    assert not np.isfinite(sizes[4]) or sizes[4] > 0


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


@pytest.mark.parametrize('name', KINDS)
def test_bfloat16_is_near_float32(name):
    rows = rows_like(params_of(), 3, seed=5)
    low = each(lambda x: x.astype(jnp.bfloat16), rows)
    found = run(name, low)
    expected = run(name, each(lambda x: x.astype(jnp.float32), low))
    assert_close(
        each(lambda x: x.astype(jnp.float32), found), expected, rtol=2e-2, atol=2e-2 * LOSS
    )


@pytest.mark.parametrize('name', KINDS)
def test_inactive_tasks_of_a_jacobian_do_not_count(name):
    """Their gradients need not be zero: `task_gradients` knows nothing of labels."""
    method, rows, params = METHODS[name].method, rows_like(params_of(), TASKS), params_of()
    active = jnp.array([True, False, True, True])
    extra = {'key': KEY, 'losses': jnp.full(TASKS, LOSS), 'active': active}
    state = method.init(params, num_tasks=TASKS)
    lazy = jax.jit(lambda: method.update(lazily(rows), state, params, **extra)[0])()
    assert_close(lazy, method.update(rows, state, params, **extra)[0], rtol=1e-4, atol=1e-5)
