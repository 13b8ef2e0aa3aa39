"""Every surgery keeps these rules; a new method is one row of METHODS."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import gradients, surgery
from tests.helpers import assert_close, assert_same, avals


class Row(NamedTuple):
    method: object
    symmetric_up_to: int = 99  # the largest T at which the order of the tasks is of no account
    draws: bool = False  # needs a key at T=3


METHODS = {
    'sum': Row(surgery.sum()),
    'mean': Row(surgery.mean()),
    'pcgrad': Row(surgery.pcgrad(), symmetric_up_to=2, draws=True),
    'pcgrad in order': Row(surgery.pcgrad(shuffle=False), symmetric_up_to=2),
}
ROWS = pytest.mark.parametrize('row', METHODS.values(), ids=METHODS)
KEY = jax.random.key(3)


def params_of(dtype=jnp.float32):
    return {'kernel': jnp.zeros((2, 3), dtype), 'bias': jnp.zeros(2, dtype)}


def rows_like(params, tasks, seed=0):
    leaves, treedef = jax.tree.flatten(params)
    keys = jax.random.split(jax.random.key(seed), len(leaves))
    drawn = [
        jax.random.normal(k, (tasks, *x.shape)).astype(x.dtype)
        for k, x in zip(keys, leaves, strict=True)
    ]
    return jax.tree.unflatten(treedef, drawn)


def run(method, rows, jit=jax.jit, **extra):
    params = jax.tree.map(lambda leaf: leaf[0], rows)
    extra = {'key': KEY} | extra
    return jit(lambda r: method.update(r, method.init(params), params, **extra)[0])(rows)


@ROWS
@pytest.mark.parametrize('dtype', [jnp.float32, jnp.bfloat16])
def test_shape_and_dtype_are_kept(row, dtype, maybe_jit):
    params = params_of(dtype)
    found = run(row.method, rows_like(params, 3), maybe_jit)
    assert jax.tree.map(jnp.shape, found) == jax.tree.map(jnp.shape, params)
    assert all(leaf.dtype == dtype for leaf in jax.tree.leaves(found))


@ROWS
def test_jit_changes_nothing(row):
    rows = rows_like(params_of(), 4)
    assert_close(run(row.method, rows), run(row.method, rows, lambda fn: fn))


@ROWS
def test_state_is_stable_under_scan_and_cond(row):
    method, params, rows = row.method, params_of(), rows_like(params_of(), 3)
    state = method.init(params, num_tasks=3)

    def step(state, key):
        updates, state = method.update(rows, state, params, key=key)
        return state, updates

    after, updates = jax.lax.scan(step, state, jax.random.split(KEY, 2))
    chosen = jax.lax.cond(True, lambda s: step(s, KEY)[0], lambda s: s, state)
    assert avals(after) == avals(chosen) == avals(state)
    assert jax.tree.map(jnp.shape, updates) == {'kernel': (2, 2, 3), 'bias': (2, 2)}


@ROWS
def test_seeds_under_vmap_are_the_seeds_one_by_one(row):
    keys, rows = jax.random.split(KEY, 3), rows_like(params_of(), 3)
    together = jax.vmap(lambda k: run(row.method, rows, key=k))(keys)
    for index, key in enumerate(keys):
        alone = run(row.method, rows, key=key)
        assert_close(jax.tree.map(lambda leaf, i=index: leaf[i], together), alone)


@ROWS
def test_one_task_is_plain_descent(row, maybe_jit):
    rows = rows_like(params_of(), 1)
    assert_close(run(row.method, rows, maybe_jit), jax.tree.map(lambda leaf: leaf[0], rows))


@ROWS
def test_inactive_tasks_are_as_if_they_did_not_exist(row, maybe_jit):
    rows, keep = rows_like(params_of(), 4), np.array([1, 3])
    active = jnp.zeros(4, bool).at[keep].set(True)
    broken = jax.tree.map(lambda leaf: leaf.at[0].set(jnp.nan).at[2].mul(1e6), rows)
    found = run(row.method, broken, maybe_jit, active=active)
    assert_close(found, run(row.method, jax.tree.map(lambda leaf: leaf[keep], rows)))


@ROWS
def test_no_active_task_gives_no_update(row):
    found = run(row.method, rows_like(params_of(), 3), active=jnp.zeros(3, bool))
    assert not any(leaf.any() for leaf in jax.tree.leaves(found))


@ROWS
def test_zero_rows_are_finite_and_add_nothing(row):
    rows = jax.tree.map(lambda leaf: leaf.at[0].set(0), rows_like(params_of(), 2))
    share = 0.5 if row.method is METHODS['mean'].method else 1
    assert_close(run(row.method, rows), jax.tree.map(lambda leaf: share * leaf[1], rows))
    nothing = run(row.method, jax.tree.map(jnp.zeros_like, rows))
    assert_close(nothing, params_of())


@ROWS
@pytest.mark.parametrize('scale', [1e10, 1e-10])
def test_huge_and_tiny_gradients_scale_the_update(row, scale):
    rows = rows_like(params_of(), 3)
    found = run(row.method, jax.tree.map(lambda leaf: leaf * scale, rows))
    expected = jax.tree.map(lambda leaf: leaf * scale, run(row.method, rows))
    assert_close(found, expected, rtol=1e-4, atol=1e-5 * scale)


@ROWS
def test_order_of_the_tasks(row):
    tasks = min(3, row.symmetric_up_to)
    rows = rows_like(params_of(), tasks)
    assert_close(
        run(row.method, jax.tree.map(lambda leaf: leaf[::-1], rows)), run(row.method, rows)
    )


@ROWS
def test_a_key_is_asked_for_where_it_is_drawn_from(row):
    rows = rows_like(params_of(), 3)
    if row.draws:
        with pytest.raises(ValueError, match='key'):
            run(row.method, rows, key=None)
    else:
        assert_same(run(row.method, rows, key=None), run(row.method, rows))


@ROWS
def test_trees_and_jacobians_give_the_same(row):
    points = rows_like(params_of(), 3)

    def losses_of(params):
        near = jax.tree.map(lambda p, c: ((p - c) ** 2).sum(), params, centre)
        return jnp.stack([sum(jax.tree.leaves(near)), params['bias'].sum(), -near['bias']])

    params, centre = (jax.tree.map(lambda leaf, i=i: leaf[i], points) for i in range(2))
    jacobian = gradients.task_gradients(losses_of, params)[1]
    state = row.method.init(params)
    lazy = row.method.update(jacobian, state, params, key=KEY)[0]
    assert_close(lazy, row.method.update(jacobian.stacked(), state, params, key=KEY)[0])


@ROWS
@pytest.mark.parametrize('shape', [(2,), (3, 2, 1), ()])
def test_other_shapes_than_one_row_per_task_are_refused(row, shape):
    params = {'w': jnp.zeros(2), 'v': jnp.zeros(2)}
    updates = {'w': jnp.zeros((3, 2)), 'v': jnp.zeros(shape)}
    with pytest.raises(ValueError, match=r'per-task gradients.*Found'):
        row.method.update(updates, row.method.init(params), params, key=KEY)


def test_pcgrad_says_so_when_squares_leave_float32():
    method = surgery.pcgrad()
    rows = {'w': jnp.array([[1.0, 0.0], [-1.0, 1.0]]) * 1e20}
    updates, _ = method.update(rows, method.init({'w': jnp.zeros(2)}))
    assert jnp.isnan(updates['w']).all()
