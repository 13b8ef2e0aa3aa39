"""Schemes against plain NumPy versions, written from the papers."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import backbones, heads, sharing
from tests.helpers import assert_close, noisy
from tests.sharing import oracles as oracle

NAMES = ('wide', 'b')
HEADS = {'wide': heads.linear(3), 'b': heads.linear(1)}
LOGITS = {name: heads.linear() for name in ('view', 'click', 'buy')}
BACKBONE = backbones.mlp((4, 4), activation=jnp.tanh)
X = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)


def random_run(model, x=X, train=False):
    """Random parameters, as float64 NumPy, and the predictions and state there."""

    key = jax.random.key(1)
    params, state = model.init(key, x)
    params = noisy(params)
    apply = jax.jit(functools.partial(model.apply, train=train))
    predictions, state = apply(params, state, x, key=key)
    return jax.tree.map(lambda v: np.asarray(v, np.float64), params), predictions, state


@pytest.mark.parametrize(
    ('build', 'options', 'expected'),
    [
        (sharing.cross_stitch, {}, oracle.cross_stitch),
        (sharing.sluice, {}, oracle.sluice),
        (sharing.ple, {'num_own': 2, 'num_shared': 1}, oracle.ple),
        (sharing.adatt, {'num_own': 2, 'num_shared': 1}, oracle.adatt),
        (sharing.adatt, {'num_own': 1, 'num_shared': 0}, oracle.adatt),
        (sharing.mmoe, {'num_experts': 3}, oracle.mmoe),
        (sharing.mtan, {'norm': False}, oracle.mtan),
        (sharing.nddr, {'norm': False}, oracle.nddr),
        (sharing.film, {}, oracle.film),
        (sharing.adapters, {'width': 2}, oracle.adapters),
    ],
)
def test_values_of_the_paper(build, options, expected):
    params, actual, _ = random_run(build(BACKBONE, HEADS, **options))
    assert_close(actual, expected(params, list(NAMES), X, **options), rtol=1e-4, atol=1e-5)


def test_extraction_without_own_experts_on_images():
    """Three levels whose input has other axes than their features."""
    deep = backbones.mlp((4, 4, 4), activation=jnp.tanh)
    images = X[:, :4].reshape(6, 2, 2)
    model = sharing.ple(deep, HEADS, num_own=0, num_shared=2)
    params, actual, _ = random_run(model, images)
    expected = oracle.ple(params, list(NAMES), X[:, :4], 0, 2)
    assert_close(actual, expected, rtol=1e-4, atol=1e-5)


def test_deep_extraction_has_shared_gates():
    """Three levels: the tasks' gates of the first are shared, of the second each task's own."""
    deep = backbones.mlp((4, 4, 4), activation=jnp.tanh)
    params, actual, _ = random_run(sharing.ple(deep, HEADS))
    assert [sorted(params['shared'][f'level{at}']) for at in range(3)] == [
        ['common', 'experts', 'tasks'],
        ['common', 'experts'],
        ['experts'],
    ]
    assert_close(actual, oracle.ple(params, list(NAMES), X, 1, 1), rtol=1e-4, atol=1e-5)


def test_information_moves_along_the_funnel():
    params, actual, state = random_run(sharing.aitm(BACKBONE, LOGITS), train=True)
    expected = oracle.aitm(params, list(LOGITS), X)
    assert_close(actual, expected, rtol=1e-4, atol=1e-5)
    rates = [oracle.sigmoid(expected[task]) for task in LOGITS]
    own = state['task']['heads']
    assert own['view']['penalty'] == 0
    for at, task in enumerate(LOGITS):
        excess = np.maximum(rates[at] - rates[at - 1], 0).mean() if at else 0
        np.testing.assert_allclose(own[task]['penalty'], 0.6 * excess, rtol=1e-4, atol=1e-6)


def test_a_task_outside_of_the_funnel_has_a_tower_of_its_own():
    tasks = {'dwell': heads.linear(), **LOGITS}
    model = sharing.aitm(BACKBONE, tasks, funnel=tuple(LOGITS))
    params, actual, state = random_run(model, train=True)
    assert set(actual) == set(tasks)
    assert_close({task: actual[task] for task in LOGITS}, oracle.aitm(params, list(LOGITS), X))
    own, z = params['task']['heads']['dwell'], X
    for name in ('stage0', 'stage1'):
        z = oracle.stage(own['tower'][name], z)
    np.testing.assert_allclose(
        actual['dwell'], oracle.dense(own['head']['Dense_0'], z)[:, 0], rtol=1e-4
    )
    assert model.auxiliary(state, 'dwell') == 0
    assert model.auxiliary(state, 'click') > 0


def test_probabilities_multiply_along_the_funnel():
    tasks = {**LOGITS, 'dwell': heads.linear()}
    model = sharing.esmm(BACKBONE, tasks, funnel=('view', 'click', 'buy'))
    params, actual, _ = random_run(model)
    z = X
    for name in ('stage0', 'stage1'):
        z = oracle.stage(params['shared'][name], z)
    tops = params['shared']['heads']
    alone = {task: oracle.dense(tops[task]['Dense_0'], z)[:, 0] for task in ('view', 'click')}
    alone |= {task: oracle.head(params, task, z)[:, 0] for task in ('buy', 'dwell')}
    rates = np.cumprod([oracle.sigmoid(alone[task]) for task in LOGITS], axis=0)
    for task, rate in zip(LOGITS, rates, strict=True):
        np.testing.assert_allclose(oracle.sigmoid(np.asarray(actual[task])), rate, rtol=1e-4)
    np.testing.assert_allclose(actual['dwell'], alone['dwell'], rtol=1e-4)


def test_logits_of_products_hold_where_probabilities_end():
    from mtljax.sharing._esmm import logit_of_product

    a = jnp.array([-80.0, 80.0, 80.0, 0.0, 200.0])
    b = jnp.array([-80.0, 80.0, -80.0, 0.0, 200.0])
    expected = [-160.0, 80 - np.log(2), -80.0, -np.log(3), 200 - np.log(2)]
    np.testing.assert_allclose(logit_of_product(a, b), expected, rtol=1e-5)
    assert jnp.isfinite(jax.vmap(jax.grad(logit_of_product))(a, b)).all()


@pytest.mark.parametrize(('experts', 'gamma'), [(4, 1.0), (5, 2.0), (7, 0.3), (6, 1.0)])
def test_selectors(experts, gamma):
    from mtljax.sharing._dselect_k import _selectors

    gate = _selectors(experts, 2, gamma, 0.1, True)

    params, state = gate.init(jax.random.key(0), X)
    params = noisy(params)
    actual, state = jax.jit(functools.partial(gate.apply, train=True))(params, state, X)
    params = jax.tree.map(lambda v: np.asarray(v, np.float64), params)
    expected = oracle.dselect_weights(params, X, experts, gamma)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(actual.sum(axis=1), 1, rtol=1e-5)
    assert state['penalty'] >= 0
    sharp, _ = jax.jit(gate.apply)(jax.tree.map(lambda v: 1e4 * v, params), state, X)
    assert (np.asarray(sharp > 0).sum(axis=1) <= 2).all()
