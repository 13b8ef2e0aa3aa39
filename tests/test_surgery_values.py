"""Surgeries against their oracles and against known answers."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import surgery
from tests import oracles

A = [[-4.0, 1, 1], [6, 1, 1]]
B = [[1.0, 0, 0, 2], [-2, 1, 0, 1], [0.5, -1, 3, -1]]


def _random(tasks, rng):
    return rng.normal(size=(tasks, 11))


def _nearly_parallel(tasks, rng):
    sign = np.where(np.arange(tasks) % 2, -1, 1)[:, None]
    return sign * rng.normal(size=11) + 1e-3 * rng.normal(size=(tasks, 11))


def _rank_deficient(tasks, rng):
    return rng.normal(size=(tasks, 2)) @ rng.normal(size=(2, 11))


def _scale_apart(tasks, rng):
    return rng.normal(size=(tasks, 11)) * np.logspace(0, 3, tasks)[:, None]


def _zero_row(tasks, rng):
    return rng.normal(size=(tasks, 11)) * (np.arange(tasks) != tasks // 2)[:, None]


KINDS = [_random, _nearly_parallel, _rank_deficient, _scale_apart, _zero_row]


def update(method, J, key=None):
    updates = {'w': jnp.asarray(J)}
    state = method.init({'w': updates['w'][0]})
    return method.update(updates, state, {'w': updates['w'][0]}, key=key)[0]['w']


def orders_of(key, tasks):
    return [np.asarray(jax.random.permutation(k, tasks)) for k in jax.random.split(key, tasks)]


@pytest.fixture
def float64():
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures('float64')
@pytest.mark.parametrize('tasks', [1, 2, 3, 8])
@pytest.mark.parametrize('kind', KINDS)
def test_the_oracles(kind, tasks):
    J, key = kind(tasks, np.random.default_rng(tasks)), jax.random.key(tasks)
    straight = [range(tasks)] * tasks
    expected = {
        surgery.sum(): oracles.sum(J),
        surgery.mean(): oracles.mean(J),
        surgery.pcgrad(): oracles.pcgrad(J, orders_of(key, tasks)),
        surgery.pcgrad(shuffle=False): oracles.pcgrad(J, straight),
    }
    for method, answer in expected.items():
        found = update(method, J, key)
        assert found.dtype == jnp.float64
        assert np.linalg.norm(found - answer) <= 1e-9 * np.linalg.norm(J)


@pytest.mark.parametrize('tasks', [3, 8])
def test_float32_is_near_the_oracle(tasks):
    J, key = _random(tasks, np.random.default_rng(0)).astype(np.float32), jax.random.key(0)
    expected = oracles.pcgrad(J, orders_of(key, tasks))
    found = update(surgery.pcgrad(), J, key)
    assert np.linalg.norm(found - expected) <= 1e-5 * np.linalg.norm(expected)


@pytest.mark.parametrize(
    ('J', 'expected'),
    [
        (A, (0.584795, 3.801170, 3.801170)),
        ([[1.0, 0], [-2, 0]], (0, 0)),
        ([[1.0, 2], [1, 2]], (2, 4)),
    ],
)
def test_pcgrad_of_two_tasks(J, expected):
    np.testing.assert_allclose(update(surgery.pcgrad(), J), expected, rtol=1e-5)


def test_pcgrad_in_the_order_of_the_tasks():
    found = update(surgery.pcgrad(shuffle=False), B)
    np.testing.assert_allclose(found, (-1, 0.1, 4.2, 2.7), rtol=1e-6)


def test_pcgrad_over_all_random_orders():
    expected = (-1.026667, 0.133333, 4.2, 2.813333)
    each = itertools.product(itertools.permutations(range(3)), repeat=3)
    exact = np.mean([oracles.pcgrad(B, orders) for orders in each], axis=0)
    np.testing.assert_allclose(exact, expected, atol=1e-6)
    keys = jax.random.split(jax.random.key(0), 4000)
    drawn = jax.jit(jax.vmap(lambda key: update(surgery.pcgrad(), B, key)))(keys)
    error = drawn.std(axis=0) / np.sqrt(len(keys))
    assert (abs(drawn.mean(axis=0) - exact) <= 5 * error + 1e-5).all()
    assert error.max() > 0


def test_pcgrad_leaves_agreeing_gradients_alone():
    J = abs(np.random.default_rng(0).normal(size=(4, 6))).astype(np.float32)
    np.testing.assert_allclose(update(surgery.pcgrad(), J, jax.random.key(0)), J.sum(0), rtol=1e-5)
