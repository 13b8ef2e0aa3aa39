"""Penalties in an optax chain: what they check, and what they do to training."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import penalties, sharing, surgery, training
from tests.helpers import assert_close, assert_same, small_batch, small_model, small_tasks

WEIGHTS = np.random.default_rng(0).normal(size=(4, 3, 6)).astype(np.float32)
TOWERS = {'stage0': {'kernel': jnp.ones((2, 3, 4)), 'bias': jnp.ones((2, 4))}}


def in_tree(towers):
    """Parameters of which the towers are one part, and other shapes the rest."""
    return {'shared': {'w': jnp.ones(3)}, 'task': {'towers': towers, 'heads': {'a': jnp.ones(2)}}}


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: penalties.l2(-1.0), r'finite number >= 0.*Found strength = -1.0'),
        (lambda: penalties.l2('much'), r"Found strength = 'much'"),
        (lambda: penalties.l2({'stage0': float('nan')}), r'Found strength = nan'),
        (lambda: penalties.l2(np.ones((2, 2))), r'one per stage. Found'),
        (lambda: penalties.l2(1.0, where=''), r"a path such as 'task/towers'. Found where = ''"),
        (lambda: penalties.trace_norm(1.0, 'cp'), r"'tucker', 'tensor_train'\]. Found form = 'cp'"),
        (lambda: penalties.orthogonality(1.0, 1), r'whole number >= 2. Found subspaces = 1'),
        (lambda: penalties.tensor_normal(1.0, every=0), r'>= 1. Found every = 0'),
        (lambda: penalties.tensor_normal(1.0, ridge=0.0), r'> 0. Found ridge = 0.0'),
        (lambda: penalties.l2(lambda step: 0.1), 'For a schedule, wrap the penalty'),
        (lambda: penalties.tensor_normal(1.0, modes='tasks'), r"Found modes = 'tasks'"),
        (lambda: penalties.tensor_normal(1.0, modes=['task']), r"Found modes = \['task'\]"),
        (lambda: penalties.tensor_normal(1.0, modes=['tasks'] * 2), r"Found modes = \['tasks', "),
    ],
)
@pytest.mark.usefixtures('unchecked')
def test_options_are_checked_in_the_factory(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ('penalty', 'message'),
    [
        (penalties.l2(1.0, where='task/tower'), r"'task/tower'. Found \['shared/v', 'shared/w', "),
        (penalties.l2({'stage7': 1.0}), r"stages \['stage0'\]. Found \['stage7'\]"),
        (penalties.l2([1.0, 2.0]), r"the stages \['stage0'\]. Found strength = \[1.0, 2.0\]"),
        (
            penalties.l2(1.0, leaves=['stage0/gain']),
            r"where should name paths of parameters. Found 'stage0/gain'",
        ),
        (penalties.l2(1.0, leaves=lambda path: False), r"Found no weight in \{'stage0/"),
        (penalties.l2(1.0, where='shared', leaves=['w', 'v']), r'one leading axis.*\(2,\)'),
        (penalties.orthogonality(1.0, 3), r"3 subspaces.*Found 'stage0/kernel' \(2, 3, 4\)"),
    ],
)
def test_trees_are_checked_at_init(penalty, message):
    params = in_tree(TOWERS)
    params['shared']['v'] = jnp.ones(2)
    with pytest.raises(ValueError, match=message):
        penalty.init(params)


def test_updates_are_checked():
    penalty, params = penalties.l2(1.0), in_tree(TOWERS)
    rows = jax.tree.map(lambda leaf: jnp.ones((2, *leaf.shape)), params)
    with pytest.raises(ValueError, match=r'Call update\(updates, state, params\)'):
        penalty.update(params, penalty.init(params))
    with pytest.raises(ValueError, match=r'after the surgery.*\(2, 2, 3, 4\).*shape \(2, 3, 4\)'):
        penalty.update(rows, penalty.init(params), params)
    chain = optax.chain(penalty, surgery.on_shared(surgery.sum()), optax.sgd(0.1))
    step = training.train_step(small_model(sharing.soft), small_tasks(), chain)
    with pytest.raises(ValueError, match=r'A penalty should come after the surgery'):
        step.init(jax.random.key(0), small_batch())


def test_frozen_leaves_pass():
    frozen = {'stage0': {'kernel': None, 'bias': jnp.ones((2, 4))}, 'stage1': {}, 'stage2': {}}
    params = in_tree(frozen | {'stage2': TOWERS['stage0']})
    for penalty in (penalties.l2([1.0, 1.0, 1.0]), penalties.tensor_normal(1.0)):
        updates, _ = jax.eval_shape(lambda p, tx=penalty: tx.update(p, tx.init(p), p), params)
        assert jax.tree.structure(updates) == jax.tree.structure(params)
    params = in_tree(frozen)
    assert_same(penalty.update(params, penalty.init(params), params)[0], params)
    params = in_tree(TOWERS)
    without = in_tree({'stage0': {'kernel': None, 'bias': jnp.ones((2, 4))}})
    assert_same(penalty.update(without, penalty.init(params), params)[0], without)


def test_sgd_on_a_penalty_is_descent_by_hand():
    tx = optax.chain(penalties.l2(0.5), optax.sgd(0.1))
    params = in_tree({'stage0': {'kernel': jnp.asarray(WEIGHTS)}})

    def step(carry, _):
        params, state = carry
        updates, state = tx.update(jax.tree.map(jnp.zeros_like, params), state, params)
        return (optax.apply_updates(params, updates), state), None

    run = jax.jit(lambda params: jax.lax.scan(step, (params, tx.init(params)), length=5)[0][0])
    mean = WEIGHTS.mean(0)
    expected = mean + (1 - 0.1 * 0.5 * 2 * 4) ** 5 * (WEIGHTS - mean)
    found = run(params)['task']['towers']['stage0']['kernel']
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_one_program_trains_at_every_strength_behind_the_surgery():
    model, tasks, batch = small_model(sharing.soft), small_tasks(), small_batch()

    def train(*between):
        tx = optax.chain(surgery.on_shared(surgery.mean()), *between, optax.adam(0.02))
        step = training.train_step(model, tasks, tx)
        state = step.init(jax.random.key(0), batch)
        run = jax.lax.scan(lambda state, _: step.update(state, batch), state, length=100)
        return run[0].params

    @jax.jit
    def every(strengths):
        return train(), jax.vmap(lambda strength: train(penalties.l2(strength)))(strengths)

    alone, soft = every(jnp.array([0.0, 0.01, 100.0]))
    assert_close(jax.tree.map(lambda leaf: leaf[0], soft), alone)
    scatter = [np.ptp(leaf, axis=1).max((1, 2)) for leaf in kernels_of(soft)]
    for found in scatter:
        assert found[1] < found[0]
        assert found[2] < 0.2 * found[0]


def kernels_of(params):
    return [stage['Dense_0']['kernel'] for stage in params['task']['towers'].values()]


def test_tensor_normal_recovers_planted_relations():
    rng = np.random.default_rng(3)
    related = np.array([[1, 0.8, -0.5], [0.8, 1, -0.3], [-0.5, -0.3, 1]])
    deviations = np.array([0.5, 1.0, 2.0])
    planted = related * np.outer(deviations, deviations)
    factors = [np.linalg.cholesky(planted), np.diag(np.linspace(0.5, 1.5, 20)), np.eye(15)]
    factors[2][1:, 0] = 0.5
    weights = np.einsum('ts,fg,cd,sgd->tfc', *factors, rng.normal(size=(3, 20, 15)))
    penalty = penalties.tensor_normal(1.0, every=2)
    tx = optax.chain(penalty, optax.sgd(0.1))
    params = in_tree({'stage0': {'kernel': jnp.asarray(weights, jnp.float32)}})

    def step(state, _):
        _, state = tx.update(jax.tree.map(jnp.zeros_like, params), state, params)
        return state, optax.tree.get(state, 'task_covariance')['stage0/kernel']

    run = jax.jit(lambda state: jax.lax.scan(step, state, length=16))
    state, history = jax.device_get(run(tx.init(params)))
    np.testing.assert_array_equal(history[0], np.eye(3))
    np.testing.assert_array_equal(history[1], history[2])
    assert np.abs(history[1] - np.eye(3)).max() > 0.1
    features = optax.tree.get(state, 'feature_covariance')['stage0/kernel']
    np.testing.assert_allclose(np.diag(features).mean(), 1, rtol=1e-5)
    spread = np.sqrt(np.diag(history[-1]))
    np.testing.assert_allclose(history[-1] / np.outer(spread, spread), related, atol=0.1)
    scale = np.sqrt(np.mean(np.diag(factors[1]) ** 2) * np.mean(np.diag(factors[2] @ factors[2].T)))
    np.testing.assert_allclose(spread, scale * deviations, rtol=0.15)
    state = jax.tree.map(jnp.asarray, state[0])
    value = penalty.value(params['task']['towers'], state)
    assert value < penalty.value(params['task']['towers'])


def test_tensor_normal_forms_no_covariance_that_is_not_learnt():
    penalty = penalties.tensor_normal(1.0, modes=['tasks'], every=1, where=None)
    params = {'w': jnp.asarray(WEIGHTS)}
    state = penalty.init(params)
    assert (state.feature_covariance, state.class_covariance) == ({}, {})
    update = jax.jit(penalty.update)
    updates, state = update(params, state, params)
    decayed = (1 + 1 / 1.01) * params['w']  # at the identity, weight decay; 0.01 is the floor
    assert_close(updates, {'w': decayed})
    _, after = update(params, state, {'w': params['w'].at[0, 0, 0].set(jnp.nan)})
    assert_same(after.task_covariance, state.task_covariance)


def test_tensor_normal_leaves_training_stable():
    """The prior alone, under plain SGD: weights shrink, and neither blow up nor vanish."""
    weights = jax.random.normal(jax.random.key(0), (2, 32, 32)) / 8

    @jax.jit
    def run(strength):
        tx = optax.chain(penalties.tensor_normal(strength, where=None), optax.sgd(0.1))

        def step(carry, _):
            params, state = carry
            updates, state = tx.update(jax.tree.map(jnp.zeros_like, params), state, params)
            return (optax.apply_updates(params, updates), state), None

        params = {'w': weights}
        return jax.lax.scan(step, (params, tx.init(params)), length=300)[0][0]['w']

    before = jnp.abs(weights).max()
    for strength in (1e-4, 1e-3):
        assert 0.1 * before < jnp.abs(run(strength)).max() < before
