"""Losses of examples of which some have no label."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import losses

RNG = np.random.default_rng(0)
MASK = np.array([True, False, True, True, False])


def masked(loss):
    def total(prediction, target, mask):
        prediction, target = losses.labelled(prediction, target, mask)
        return losses.masked_mean(loss(prediction, target), mask)

    return jax.jit(jax.value_and_grad(total))


def squared(prediction, target):
    return (prediction - target) ** 2


def test_labelled_rows_alone_count():
    prediction, target = RNG.normal(size=(2, 5, 3)).astype(np.float32)
    target[~MASK] = np.nan
    value, gradient = masked(squared)(prediction, target, MASK)
    kept = prediction[MASK] - target[MASK]
    np.testing.assert_allclose(value, (kept**2).mean(), rtol=1e-6)
    np.testing.assert_allclose(gradient[MASK], 2 * kept / kept.size, rtol=1e-5)
    assert not gradient[~MASK].any()


def test_a_mask_of_pixels():
    prediction, target = RNG.normal(size=(2, 2, 3, 4)).astype(np.float32)
    mask = RNG.random((2, 3, 4)) < 0.5
    target[~mask] = np.nan
    value, gradient = masked(squared)(prediction, target, mask)
    np.testing.assert_allclose(value, ((prediction - target)[mask] ** 2).mean(), rtol=1e-6)
    assert np.isfinite(gradient).all()
    assert ((gradient != 0) == mask).all()


def test_a_mask_of_rows_over_pixels_averages_the_pixels():
    values = RNG.normal(size=(5, 2, 3)).astype(np.float32)
    found = losses.masked_mean(jnp.asarray(values), jnp.asarray(MASK))
    np.testing.assert_allclose(found, values[MASK].mean(), rtol=1e-5)


def test_an_infinite_derivative_at_an_unlabelled_row():
    prediction = np.array([1.0, 0.0, 4.0, 9.0, -1.0], np.float32)
    value, gradient = masked(lambda p, t: jnp.sqrt(p) - t)(prediction, np.zeros(5), MASK)
    np.testing.assert_allclose(value, 2)
    np.testing.assert_allclose(gradient, [1 / 6, 0, 1 / 12, 1 / 18, 0], rtol=1e-6)


def test_no_label_is_no_loss():
    prediction = np.ones(5, np.float32)
    value, gradient = masked(squared)(prediction, np.full(5, np.nan), np.zeros(5, bool))
    assert value == 0
    assert not gradient.any()


@pytest.mark.parametrize('dtype', [jnp.bfloat16, jnp.float16])
def test_sums_are_float32(dtype):
    values = jnp.ones(3000, dtype)
    found = losses.masked_sum(values, jnp.ones(3000, bool))
    assert (found.dtype, found) == (jnp.float32, 3000)


def test_absolute_error():
    with pytest.raises(ValueError, match=r'prediction \(3, 1\) and target \(3,\)'):
        losses.absolute_error(jnp.ones((3, 1)), jnp.ones(3))
    slope = jax.grad(lambda p: losses.absolute_error(p, jnp.array([0.0, 1, 5])).sum())
    assert slope(jnp.array([1.0, 1, 1])).tolist() == [1, 0, -1]
