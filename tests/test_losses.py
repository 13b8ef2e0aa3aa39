"""Losses of examples of which some have no label."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtljax import losses

FORMS = (losses.iou_loss, losses.giou_loss)
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
    actual = losses.masked_mean(jnp.asarray(values), jnp.asarray(MASK))
    np.testing.assert_allclose(actual, values[MASK].mean(), rtol=1e-5)


def test_an_infinite_derivative_at_an_unlabelled_row():
    prediction = np.array([1.0, 0.0, 4.0, 9.0, -1.0], np.float32)
    value, gradient = masked(lambda p, t: jnp.sqrt(p) - t)(prediction, np.zeros(5), MASK)
    np.testing.assert_allclose(value, 2)
    np.testing.assert_allclose(gradient, [1 / 6, 0, 1 / 12, 1 / 18, 0], rtol=1e-6)


@pytest.mark.parametrize(
    'mask', [np.ones(3, bool), np.ones((2, 2), bool), np.ones((2, 3, 1), bool)]
)
def test_a_mask_of_another_shape(mask):
    with pytest.raises(ValueError, match=r'leading shape of the losses, \(2, 3\). Found'):
        losses.masked_mean(jnp.ones((2, 3)), mask)


def test_no_label_is_no_loss():
    prediction = np.ones(5, np.float32)
    value, gradient = masked(squared)(prediction, np.full(5, np.nan), np.zeros(5, bool))
    assert value == 0
    assert not gradient.any()


@pytest.mark.parametrize('dtype', [jnp.bfloat16, jnp.float16])
def test_sums_are_float32(dtype):
    values = jnp.ones(3000, dtype)
    actual = losses.masked_sum(values, jnp.ones(3000, bool))
    assert (actual.dtype, actual) == (jnp.float32, 3000)


def test_absolute_error():
    with pytest.raises(ValueError, match=r'prediction \(3, 1\) and target \(3,\)'):
        losses.absolute_error(jnp.ones((3, 1)), jnp.ones(3))
    slope = jax.grad(lambda p: losses.absolute_error(p, jnp.array([0.0, 1, 5])).sum())
    assert slope(jnp.array([1.0, 1, 1])).tolist() == [1, 0, -1]


def test_smooth_l1():
    error = jnp.array([-3.0, -0.5, 0.0, 0.25, 0.5, 2.0])
    losses_of = jax.jit(jax.value_and_grad(lambda e, b: losses.smooth_l1(e, 0 * e, b).sum()))
    for beta in (1.0, 0.5):
        size = abs(error)
        expected = jnp.where(size < beta, size**2 / (2 * beta), size - beta / 2)
        value, slope = losses_of(error, beta)
        np.testing.assert_allclose(value, expected.sum(), rtol=1e-6)
        np.testing.assert_allclose(slope, jnp.clip(error / beta, -1, 1), rtol=1e-6)
    with pytest.raises(ValueError, match='beta should be a finite number > 0'):
        losses.smooth_l1(error, error, 0)
    with pytest.raises(ValueError, match=r'smooth_l1 expects equal shapes.*\(6, 1\)'):
        losses.smooth_l1(error[:, None], error)


BOXES = {  # prediction, target, IoU, area of the union and of the least box around both
    'equal': ([0.5, 0.5, 0.2, 0.4], [0.5, 0.5, 0.2, 0.4], 1, 0.08, 0.08),
    'shifted': ([1, 1, 2, 2], [2, 1, 2, 2], 2 / 6, 6, 6),
    'in a corner': ([1, 1, 2, 2], [2, 2, 2, 2], 1 / 7, 7, 9),
    'inside': ([5, 5, 2, 1], [5, 5, 4, 4], 2 / 16, 16, 16),
    'apart': ([1, 1, 2, 2], [5, 1, 2, 2], 0, 8, 12),
    'apart in both': ([0, 0, 1, 1], [3, 4, 1, 1], 0, 2, 20),
    'touching': ([1, 1, 2, 2], [3, 1, 2, 2], 0, 8, 8),
    'empty inside': ([5, 5, 0, 0], [5, 5, 4, 4], 0, 16, 16),
    'a line': ([5, 5, 0, 2], [5, 5, 4, 4], 0, 16, 16),
    'both empty': ([5, 5, 0, 0], [5, 5, 0, 0], 0, 1, 1),
    'both empty, apart': ([5, 5, 0, 0], [5, 6, 0, 0], 0, 1, 1),
    'negative sizes': ([5, 5, -1, 3], [5, 5, 4, 4], 0, 16, 16),
    'tiny': ([0.5, 0.5, 1e-20, 1e-20], [0.5, 0.5, 0.1, 0.1], 0, 1, 1),
}


@pytest.mark.parametrize('dtype', [np.float32, jnp.bfloat16])
def test_boxes(dtype):
    prediction, target = (np.array([row[i] for row in BOXES.values()], dtype) for i in (0, 1))
    overlap, union, hull = np.array([row[2:] for row in BOXES.values()]).T
    tolerance = {'rtol': 1e-5, 'atol': 1e-6} if dtype == np.float32 else {'atol': 1e-2}
    expected = {losses.iou_loss: 1 - overlap, losses.giou_loss: 2 - overlap - union / hull}
    for loss, values in expected.items():
        actual, pull = jax.jit(lambda p, t, f=loss: jax.vjp(lambda q: f(q, t), p))(
            prediction, target
        )
        assert actual.dtype == jnp.float32
        np.testing.assert_allclose(actual, values, **tolerance)
        assert np.isfinite(pull(jnp.ones_like(actual))[0].astype(np.float32)).all()


def test_boxes_that_do_not_meet_attract():
    box, target = jnp.array([0.2, 0.8, 0.1, 0.1]), jnp.array([0.7, 0.3, 0.2, 0.2])
    slopes = jax.jit(jax.jacrev(lambda b: jnp.stack([f(b, target) for f in FORMS])))(box)
    assert not slopes[0].any()
    assert slopes[1, 0] < 0 < slopes[1, 1]
    assert (slopes[1, 2:] < 0).all()


@pytest.mark.parametrize('loss', FORMS)
def test_arrays_that_are_no_boxes(loss):
    with pytest.raises(ValueError, match=r'expects boxes \[B, ..., 4\]. Found \(2, 3\)'):
        loss(jnp.ones((2, 3)), jnp.ones((2, 3)))
    with pytest.raises(ValueError, match='expects equal shapes'):
        loss(jnp.ones((2, 4)), jnp.ones(4))
