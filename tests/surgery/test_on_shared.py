"""Surgery on part of a tree, methods of a few lines, and surgery on its own."""

import logging

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import gradients, surgery, training
from tests.helpers import assert_close, small_batch, small_model, small_tasks

PARAMS = {'shared': jnp.zeros(2), 'task': {'heads': {'b': jnp.zeros(1), 'a': jnp.zeros(2)}}}
ROWS = {
    'shared': jnp.array([[1.0, 0], [-2, 1]]),
    'task': {
        'heads': {'b': jnp.array([[3.0], [0]]), 'a': jnp.array([[0.0, 0], [5, 6]])},
    },
}
PROJECTED = [0.0 + 0.2, 0.4 + 1]  # g_b without its part along g_a, and g_a without g_b's


def counting():
    """A method with a state: the weight of task t is t + 1, and it counts its calls."""

    def fn(gramian, inner, *, losses, active, key):
        return 1.0 + jnp.arange(len(gramian)), inner + 1

    return surgery.from_gramian(fn, lambda num_tasks: jnp.zeros(num_tasks, jnp.int32))


def test_plain_sums_for_what_is_not_shared(maybe_jit):
    tx = surgery.on_shared(surgery.pcgrad())
    found, _ = maybe_jit(tx.update)(ROWS, tx.init(PARAMS), PARAMS)
    expected = {'b': jnp.array([3.0]), 'a': jnp.array([5.0, 6])}
    assert_close(found, {'shared': jnp.array(PROJECTED), 'task': {'heads': expected}})


def test_weighted_sums_for_what_is_not_shared():
    tx = surgery.on_shared(counting(), task='weighted')
    found, state = tx.update(ROWS, tx.init(PARAMS), PARAMS)
    np.testing.assert_allclose(found['shared'], [-3, 2])
    np.testing.assert_allclose(found['task']['heads']['b'], [3])
    np.testing.assert_allclose(found['task']['heads']['a'], [10, 12])
    assert state.inner.tolist() == [1, 1]
    assert state.task_weights.tolist() == [1, 2]


def test_the_default_is_what_the_method_says():
    def double(gramian, inner, **extra):
        return jnp.full(len(gramian), 2.0), inner

    for weighs, expected in ((True, 6), (False, 3)):
        tx = surgery.on_shared(surgery.from_gramian(double, weighs_heads=weighs))
        found, _ = tx.update(ROWS, tx.init(PARAMS), PARAMS)
        assert found['task']['heads']['b'].tolist() == [expected]


def test_weights_that_a_method_does_not_keep_are_missed():
    def update(updates, state, params=None, **extra):
        return updates.combine(), state

    own = optax.GradientTransformationExtraArgs(lambda params: (), update)
    tx = surgery.on_shared(own, task='weighted')
    with pytest.raises(ValueError, match='task weights'):
        tx.update(ROWS, tx.init(PARAMS), PARAMS)


@pytest.mark.parametrize(
    'labels',
    [
        lambda path: 'shared' if path.startswith('trunk') else 'task',
        {'trunk': {'w': 'shared'}, 'b': 'task', 'a': 'task'},
    ],
    ids=['function', 'tree'],
)
def test_labels(labels, maybe_jit):
    own = ROWS['task']['heads']
    rows = {'trunk': {'w': ROWS['shared']}, 'b': own['b'], 'a': own['a']}
    params = jax.tree.map(lambda leaf: leaf[0], rows)
    tx = surgery.on_shared(surgery.pcgrad(), labels=labels)
    found, _ = maybe_jit(tx.update)(rows, tx.init(params), params)
    expected = {'b': jnp.array([3.0]), 'a': jnp.array([5.0, 6])}
    assert_close(found, {'trunk': {'w': jnp.array(PROJECTED)}} | expected)


def test_labels_choose_among_the_shared_parameters_of_a_model():
    def labels(path):
        return 'shared' if path.startswith('shared/stage0') else 'task'

    model, tasks, batch = small_model(), small_tasks(), small_batch()
    found = {}
    for method in (surgery.pcgrad(shuffle=False), surgery.sum()):
        tx = optax.chain(surgery.on_shared(method, labels=labels), optax.sgd(0.1))
        step = training.train_step(model, tasks, tx)
        found[method] = jax.jit(step.update)(step.init(jax.random.key(0), batch), batch)[0].params
    cut, plain = found.values()
    assert_close(cut['shared']['stage1'], plain['shared']['stage1'])
    assert_close(cut['task'], plain['task'])
    kernels = [p['shared']['stage0']['Dense_0']['kernel'] for p in (cut, plain)]
    assert abs(kernels[0] - kernels[1]).max() > 1e-5


@pytest.mark.parametrize('labels', [None, lambda path: 'head'])
def test_unknown_labels(labels):
    tx = surgery.on_shared(surgery.sum(), labels=labels)
    with pytest.raises(ValueError, match=r"'shared' or 'task'.*Found labels \['(head|trunk)'\]"):
        tx.init({'trunk': jnp.zeros(2)})


@pytest.mark.usefixtures('unchecked')
def test_unknown_option():
    with pytest.raises(ValueError, match="Found task = 'both'"):
        surgery.on_shared(surgery.sum(), task='both')


def test_nothing_shared_is_said_once_and_summed(caplog):
    params, rows = PARAMS | {'shared': {}}, ROWS | {'shared': {}}
    tx = surgery.on_shared(surgery.pcgrad())
    with caplog.at_level(logging.INFO, 'mtljax'):
        state = tx.init(params)
        for _ in range(2):
            found, state = tx.update(rows, state, params)
    assert len(caplog.records) == 1
    assert 'No parameter is shared' in caplog.text
    assert found['shared'] == {}
    assert found['task']['heads']['a'].tolist() == [5, 6]


def test_a_state_per_task_needs_the_number_of_tasks():
    method = counting()
    with pytest.raises(ValueError, match='num_tasks=T'):
        method.init(PARAMS)
    assert method.init(PARAMS, num_tasks=3).inner.shape == (3,)
    assert surgery.on_shared(method).init(PARAMS).inner.shape == (2,)
    assert surgery.on_shared(method, num_tasks=4).init(PARAMS).inner.shape == (4,)
    unknown = {'shared': jnp.zeros(2), 'task': {}}
    with pytest.raises(ValueError, match='num_tasks=T'):
        surgery.on_shared(method).init(unknown)


def test_from_gramian_sees_zeros_for_inactive_tasks():
    seen = []

    def fn(gramian, inner, *, losses, active, key):
        seen.append((gramian, losses, active))
        return jnp.array([jnp.nan, 1.0]), inner

    method = surgery.from_gramian(fn)
    rows = {'w': jnp.array([[jnp.inf, 1.0], [2, 3]])}
    active, losses = jnp.array([False, True]), jnp.array([7.0, 8])
    found, _ = method.update(rows, method.init({'w': jnp.zeros(2)}), active=active, losses=losses)
    assert found['w'].tolist() == [2, 3]
    assert_close(seen[0][0], jnp.array([[0.0, 0], [0, 13]]))
    assert seen[0][1].tolist() == [7, 8]


def test_surgery_on_its_own(maybe_jit):
    """Any function of parameters to losses, any optax chain behind the surgery."""
    tx = optax.chain(surgery.pcgrad(), optax.clip_by_global_norm(0.5), optax.adamw(1e-2))
    reference = optax.chain(optax.clip_by_global_norm(0.5), optax.adamw(1e-2))
    params = {'w': jnp.array([1.0, -2, 0.5])}

    def losses_of(params):
        return jnp.stack([((params['w'] - 1) ** 2).sum(), ((params['w'] + 2) ** 2).sum()])

    def step(params, state):
        _, jacobian = gradients.task_gradients(losses_of, params)
        updates, state = tx.update(jacobian, state, params, key=jax.random.key(0))
        return optax.apply_updates(params, updates), state

    after, _ = maybe_jit(step)(params, tx.init(params))
    rows = jax.jacobian(losses_of)(params)['w']
    first, second = rows
    assert first @ second < 0
    combined = (
        first + second - (first @ second) * (second / (second @ second) + first / (first @ first))
    )
    updates, _ = reference.update({'w': combined}, reference.init(params), params)
    assert_close(after, optax.apply_updates(params, updates))


@pytest.mark.parametrize('method', [surgery.sum, surgery.pcgrad])
@pytest.mark.parametrize('hidden', [3.0, np.nan], ids=['finite', 'nan'])
def test_inactive_rows_of_a_plain_tree_do_not_count(method, hidden):
    params = {'shared': jnp.zeros(2), 'task': {'heads': {'b': jnp.zeros(1), 'a': jnp.zeros(1)}}}
    rows = jax.tree.map(lambda p: jnp.stack([jnp.ones(p.shape), jnp.full(p.shape, hidden)]), params)
    tx = surgery.on_shared(method())
    updates, _ = tx.update(rows, tx.init(params), params, active=jnp.array([True, False]))
    assert_close(updates, jax.tree.map(jnp.ones_like, params))


@pytest.mark.usefixtures('unchecked')
def test_a_factory_instead_of_a_method():
    with pytest.raises(ValueError, match=r'surgery\.pcgrad\(\)'):
        surgery.on_shared(surgery.pcgrad)
