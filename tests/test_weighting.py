"""Every weighting keeps these rules; a new one is one row of METHODS."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mtljax import surgery, training, weighting
from tests.helpers import assert_close, avals, small_batch, small_model, small_tasks

METHODS = {'equal': weighting.equal(), 'constant': weighting.constant([0.5, 2, 0])}
EACH = pytest.mark.parametrize('method', METHODS.values(), ids=METHODS)
LOSSES = jnp.array([1.0, 2.0, 3.0])
EXTRA = {'active': jnp.ones(3, bool), 'key': jax.random.key(0)}


@EACH
def test_weights_are_one_per_task_and_finite(method, maybe_jit):
    weights, _ = maybe_jit(lambda losses, s: method.update(losses, s, **EXTRA))(
        LOSSES, method.init(3)
    )
    assert weights.shape == (3,)
    assert weights.dtype == jnp.float32
    assert jnp.isfinite(weights).all()
    assert (weights >= 0).all()


@EACH
def test_state_is_stable_under_scan(method):
    state = method.init(3)
    after, _ = jax.lax.scan(
        lambda s, losses: method.update(losses, s, **EXTRA)[::-1], state, jnp.stack([LOSSES] * 2)
    )
    assert avals(after) == avals(state)


def test_values():
    assert METHODS['equal'].update(LOSSES, (), **EXTRA)[0].tolist() == [1, 1, 1]
    assert METHODS['constant'].update(LOSSES, (), **EXTRA)[0].tolist() == [0.5, 2, 0]


@pytest.mark.parametrize('weights', [[1, -1], [1, np.nan], [[1, 1]], np.array([np.inf, 1])])
def test_weights_that_are_refused(weights):
    with pytest.raises(ValueError, match=r'finite numbers >= 0\. Found'):
        weighting.constant(weights)


def test_one_weight_per_task():
    with pytest.raises(ValueError, match='one per task, 3'):
        weighting.constant([1, 1]).init(3)


def test_arrays_pass_so_that_weights_can_be_mapped():
    def weighted(weights):
        method = weighting.constant(weights)
        return method.update(LOSSES, method.init(3), **EXTRA)[0]

    found = jax.vmap(weighted)(jnp.ones((2, 3)) * 4)
    assert found.tolist() == [[4] * 3] * 2


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
