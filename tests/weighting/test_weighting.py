"""Every weighting keeps these rules; a new one is one row of METHODS."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import surgery, training, weighting
from tests.helpers import assert_close, avals, small_batch, small_model, small_tasks

FORMS = np.array(['regression', 'classification'])
METHODS = {  # a weighting for each array of task ids: options of a task go with its id
    'equal': lambda ids: weighting.equal(),
    'constant': lambda ids: weighting.constant((ids + 1) % 3 / 2),
    'inverse_initial': lambda ids: weighting.inverse_initial(),
    'uncertainty': lambda ids: weighting.uncertainty(),
    'uncertainty of two forms': lambda ids: weighting.uncertainty(
        FORMS[ids % 2].tolist(), initial=ids % 3 / 4
    ),
    'dwa': lambda ids: weighting.dwa(2),
    'dwa of longer blocks': lambda ids: weighting.dwa(5, temperature=0.5),
    'dwa sliding': lambda ids: weighting.dwa(3, sliding=True),
    'random': lambda ids: weighting.random(),
    'geometric': lambda ids: weighting.geometric(),
    'scale_invariant': lambda ids: weighting.scale_invariant(),
    'imtl_l': lambda ids: weighting.imtl_l(),
    'famo': lambda ids: weighting.famo(),
    'famo above bounds': lambda ids: weighting.famo(min_losses=-(ids % 3) / 4, weight_decay=0.1),
    'stch': lambda ids: weighting.stch(),
    'stch by preference': lambda ids: weighting.stch(
        (1 + ids % 3) / 4, smoothing=0.5, ideal=-(ids % 3) / 4
    ),
    'chain': lambda ids: weighting.chain(weighting.scale_invariant(), weighting.famo()),
}
EACH = pytest.mark.parametrize('name', METHODS)
EACH_BUT_RANDOM = pytest.mark.parametrize('name', [name for name in METHODS if name != 'random'])


class Steps(NamedTuple):
    """What a weighting sees in a few steps: ``[steps, T]``, and one key a step."""

    losses: Any
    after: Any
    active: Any
    keys: Any


def steps_of(ids, steps=12, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    losses, fall = rng.uniform(0.1, 5, (steps, 64)), rng.uniform(0.5, 1.1, (steps, 64))
    keys = jax.random.split(jax.random.key(seed), steps)
    losses, after = (each[:, ids].astype(dtype) for each in (losses, losses * fall))
    return Steps(losses, after, np.ones(losses.shape, bool), keys)


def step_of(method):
    def step(state, one):
        weights, state = method.update(one.losses, state, active=one.active, key=one.keys)
        if method.observe is not None:
            state = method.observe(one.after, state, active=one.active)
        return state, weights

    return step


def scan_of(method):
    """``(steps) -> (the state after them, the weights of each)``, from a fresh state."""

    def scan(steps):
        return jax.lax.scan(step_of(method), method.init(steps.losses.shape[1]), steps)

    return scan


@functools.cache
def compiled(name, tasks):
    return jax.jit(scan_of(METHODS[name](np.arange(tasks))))


def is_finite(tree):
    return all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree))


@EACH
@pytest.mark.parametrize('tasks', [1, 3, 50])
def test_weights_are_one_per_task_and_finite(name, tasks):
    state, weights = compiled(name, tasks)(steps_of(np.arange(tasks)))
    assert weights.shape == (12, tasks)
    assert weights.dtype == jnp.float32
    assert (weights >= 0).all()
    assert (weights > 0).any()
    assert is_finite((state, weights))


@EACH
def test_jit_and_scan_change_nothing(name):
    steps, method = steps_of(np.arange(3)), METHODS[name](np.arange(3))
    state, weights = method.init(3), []
    for index in range(5):
        one = Steps(*(row[index] for row in steps))
        state, row = step_of(method)(state, one)
        weights.append(row)
    np.testing.assert_allclose(weights, compiled(name, 3)(steps)[1][:5], rtol=1e-5)


@EACH
def test_state_is_stable_and_can_be_donated(name):
    method, steps = METHODS[name](np.arange(3)), steps_of(np.arange(3), steps=1)
    state, one = method.init(3), Steps(*(row[0] for row in steps))
    expected = avals(state)
    after, _ = jax.jit(step_of(method), donate_argnums=0)(state, one)
    assert avals(after) == expected
    assert avals(method.init(3)) == expected


@EACH
def test_seeds_under_vmap_are_the_seeds_one_by_one(name):
    ids = np.arange(3)
    seeds = [steps_of(ids, seed=seed) for seed in range(3)]
    stacked = jax.tree.map(lambda *rows: jnp.stack(rows), *seeds)
    together = jax.jit(jax.vmap(scan_of(METHODS[name](ids))))(stacked)[1]
    for index, steps in enumerate(seeds):
        np.testing.assert_allclose(together[index], compiled(name, 3)(steps)[1], rtol=1e-5)


@EACH_BUT_RANDOM
def test_inactive_tasks_are_as_if_they_did_not_exist(name):
    steps, keep = steps_of(np.arange(5)), np.array([1, 4])
    active = np.isin(np.arange(5), keep)
    broken = steps._replace(
        losses=np.where(active, steps.losses, np.nan),
        after=np.where(active, steps.after, -1e20),
        active=np.broadcast_to(active, steps.active.shape),
    )
    state, weights = compiled(name, 5)(broken)
    alone = jax.jit(scan_of(METHODS[name](keep)))(Steps(*(x[:, keep] for x in steps[:3]), steps[3]))
    np.testing.assert_allclose(weights[:, keep], alone[1], rtol=1e-5)
    assert not weights[:, ~active].any()
    assert is_finite(state)


@EACH
def test_steps_without_any_label_do_no_harm(name):
    steps = steps_of(np.arange(3))
    active = steps.active & (np.arange(12) % 4 != 1)[:, None]
    state, weights = compiled(name, 3)(steps._replace(active=active))
    assert not weights[~active].any()
    assert is_finite((state, weights))


@EACH_BUT_RANDOM
def test_order_of_the_tasks(name):
    ids = np.array([2, 0, 3, 1])
    weights = jax.jit(scan_of(METHODS[name](ids)))(steps_of(ids))[1]
    expected = compiled(name, 4)(steps_of(np.arange(4)))[1]
    np.testing.assert_allclose(weights, expected[:, ids], rtol=1e-5)


@EACH
def test_huge_and_tiny_losses(name):
    steps = steps_of(np.arange(50))
    size = np.logspace(-20, 10, 50, dtype=np.float32)
    state, weights = compiled(name, 50)(
        steps._replace(losses=steps.losses * size, after=steps.after * size)
    )
    assert is_finite((state, weights))


@EACH
@pytest.mark.parametrize(('x64', 'dtype'), [(False, jnp.bfloat16), (True, jnp.float32)])
def test_weights_have_the_dtype_of_the_losses_and_at_least_float32(name, x64, dtype):
    with jax.enable_x64(x64):
        method = METHODS[name](np.arange(3))
        losses, state = jnp.ones(3, dtype), method.init(3)
        weights, after = jax.jit(method.update)(losses, state, key=jax.random.key(0))
        assert weights.dtype == jnp.float32
        assert avals(after) == avals(state)


@EACH
def test_weights_are_constants_to_autodiff(name):
    method, losses = METHODS[name](np.arange(3)), jnp.array([1.0, 2, 3])

    def total(losses):
        weights, _ = method.update(losses, method.init(3), key=jax.random.key(0))
        return weights @ losses, weights

    gradient, weights = jax.jit(jax.grad(total, has_aux=True))(losses)
    np.testing.assert_allclose(gradient, weights, rtol=1e-6)


def test_weights_scale_shared_and_own_gradients():
    batch, weights = small_batch(), np.array([0.5, 2, 0], np.float32)
    tx = optax.chain(surgery.on_shared(surgery.sum()), optax.sgd(0.1))
    step = training.train_step(
        small_model(), small_tasks(), tx, weighting=weighting.constant(weights)
    )
    state = step.init(jax.random.key(0), batch)
    after, info = jax.jit(step.update)(state, batch)

    def total(params):
        cut, _ = training.objective(
            small_model(), small_tasks(), state.state, batch, jax.random.key(0)
        )
        return cut(params)[0] @ weights

    gradient = jax.jit(jax.grad(total))(state.params)
    expected = jax.tree.map(
        lambda p, g: np.asarray(p) - 0.1 * np.asarray(g), state.params, gradient
    )
    assert_close(after.params, expected)
    assert [float(info['weight'][name]) for name in ('wide', 'b', 'a')] == [0.5, 2, 0]
